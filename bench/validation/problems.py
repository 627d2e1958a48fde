"""Problems with known codes, in float64 NumPy, and what a method is told of them."""

import zlib
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from analysis.theory import CodeSign, minimax_mse_threshold, minimax_penalty, minimax_threshold
from bench.studies.donoho_tanner.study import LEAST_PENALTY
from recovery.knowledge import Knowledge

N_DIMS, N_LATENTS, N_ACTIVE, N_SAMPLES = 40, 80, 4, 12
"""One shape for most checks, so that a method is compiled for few. K / M is a quarter of the l1 transition."""

MAGNITUDE = float(np.sqrt(13 / 12))
"""Root mean square of the uniform distribution from 0.5 to 1.5."""


@dataclass(frozen=True)
class Problem:
    """Observations of known codes (one sample a row), and what the method is told."""

    dictionary: Float[np.ndarray, "n_dims n_latents"]
    codes: Float[np.ndarray, "n_samples n_latents"]
    observations: Float[np.ndarray, "n_samples n_dims"]
    knowledge: Knowledge

    def take(self, samples: slice | np.ndarray) -> "Problem":
        """Some of the samples."""
        return replace(self, codes=self.codes[samples], observations=self.observations[samples])


def generator(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for each check, so that none depends on which others run."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def gaussian_dictionary(rng: np.random.Generator, n_dims: int = N_DIMS, n_latents: int = N_LATENTS) -> np.ndarray:
    """Independent atoms, uniform on the unit sphere."""
    atoms = rng.standard_normal((n_dims, n_latents))
    return atoms / np.linalg.norm(atoms, axis=0)


def sparse_codes(
    rng: np.random.Generator,
    n_samples: int,
    n_latents: int,
    n_active: int,
    *,
    nonnegative: bool = False,
    normal: bool = False,
) -> np.ndarray:
    """Codes with exactly `n_active` entries of magnitude 0.5 to 1.5 (or standard `normal`), of random sign unless
    `nonnegative`.
    """
    support = np.argsort(rng.random((n_samples, n_latents)), axis=1) < n_active
    signs = 1.0 if nonnegative else rng.choice([-1.0, 1.0], (n_samples, n_latents))
    shape = (n_samples, n_latents)
    return support * signs * (np.abs(rng.standard_normal(shape)) if normal else rng.uniform(0.5, 1.5, shape))


def observe(
    rng: np.random.Generator,
    dictionary: np.ndarray,
    codes: np.ndarray,
    *,
    n_active: int,
    noise_std: float = 0.0,
    nonnegative: bool = False,
    magnitude: float = MAGNITUDE,
) -> Problem:
    """y = A z + noise, and the knowledge that goes with it: as in the studies, true and the same for every method."""
    noise = noise_std * rng.standard_normal((len(codes), len(dictionary)))
    return Problem(
        dictionary,
        codes,
        codes @ dictionary.T + noise,
        told(dictionary, n_active=n_active, noise_std=noise_std, nonnegative=nonnegative, magnitude=magnitude),
    )


def told(
    dictionary: np.ndarray, *, n_active: int, noise_std: float, nonnegative: bool, magnitude: float = MAGNITUDE
) -> Knowledge:
    """What every method is told; the penalty and the threshold are theory's minimax ones."""
    n_dims, n_latents = dictionary.shape
    sign: CodeSign = "nonnegative" if nonnegative else "signed"
    undersampling, density = n_dims / n_latents, max(n_active, 0.5) / n_latents
    noisy = noise_std > 0
    penalty = noise_std * float(minimax_penalty(undersampling, density, sign)) if noisy else 0.0
    threshold = minimax_mse_threshold(density, sign) if noisy else minimax_threshold(undersampling, sign)
    return Knowledge(
        n_dims=n_dims,
        n_latents=n_latents,
        max_active=n_dims,
        nonnegative=nonnegative,
        n_active=n_active,
        noise_std=float(noise_std),
        magnitude=magnitude,
        penalty=max(penalty, LEAST_PENALTY),
        threshold=float(threshold),
    )


def usual(
    seed: int, name: str, *, noise_std: float = 0.0, nonnegative: bool = False, n_active: int = N_ACTIVE
) -> Problem:
    """A well-posed problem of the usual shape."""
    rng = generator(seed, name)
    dictionary = gaussian_dictionary(rng)
    codes = sparse_codes(rng, N_SAMPLES, N_LATENTS, n_active, nonnegative=nonnegative)
    return observe(rng, dictionary, codes, n_active=n_active, noise_std=noise_std, nonnegative=nonnegative)
