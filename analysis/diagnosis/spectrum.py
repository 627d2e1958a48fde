"""What the eigenvalues of the covariance say: effective dimensions, and noise of equal variance in all directions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import integrate, optimize


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of the covariance (about the mean), largest first, and what follows from them.

    - `mean_share`: share of the power E ||y||^2 that is in the mean;
    - `participation_ratio`: (sum l)^2 / sum l^2, between 1 and M;
    - `noise_std`: standard deviation per coordinate of isotropic noise, were the smaller half of the eigenvalues noise
      alone: an upper bound in superposition, where the signal fills all dimensions;
    - `n_above_noise`: eigenvalues above the upper edge of such noise.
    """

    eigenvalues: Float[np.ndarray, " n_dims"]
    mean_share: float
    participation_ratio: float
    noise_std: float
    n_above_noise: int


def spectrum(observations: Float[np.ndarray, "n_samples n_dims"]) -> Spectrum:
    """The spectrum of observations. Raises ValueError for fewer than 2 samples."""
    y = np.asarray(observations, dtype=np.float64)
    n_samples, n_dims = y.shape
    if n_samples < 2:
        raise ValueError(f"needs at least 2 samples, not {n_samples}")
    mean = y.mean(axis=0)
    eigenvalues = np.linalg.eigvalsh(np.cov(y.T, ddof=1).reshape(n_dims, n_dims))[::-1]
    eigenvalues = np.maximum(eigenvalues, 0)
    power = float(np.mean(np.sum(y**2, axis=1)))
    noise = spectral_noise_std(eigenvalues, n_samples)
    edge = noise**2 * (1 + np.sqrt(n_dims / (n_samples - 1))) ** 2
    return Spectrum(
        eigenvalues=eigenvalues,
        mean_share=float(mean @ mean) / power if power > 0 else 0.0,
        participation_ratio=participation_ratio(eigenvalues),
        noise_std=noise,
        # Where the noise is 0, what rounding leaves of a zero eigenvalue is no component.
        n_above_noise=int(np.count_nonzero(eigenvalues > max(edge, 1e-10 * eigenvalues[0]))),
    )


def participation_ratio(eigenvalues: ArrayLike) -> float:
    """(sum l)^2 / sum l^2: M for M equal eigenvalues, 1 where one has everything; nan where all are 0."""
    values = np.asarray(eigenvalues, dtype=np.float64)
    squares = float(np.sum(values**2))
    return float(np.sum(values)) ** 2 / squares if squares > 0 else float("nan")


def spectral_noise_std(eigenvalues: ArrayLike, n_samples: int) -> float:
    """Noise level from the median of the lower half of the eigenvalues [GavishDonoho2014].

    Pure noise has eigenvalues sigma^2 times Marchenko and Pastur's law of aspect M / (P - 1); the lower quartile of all
    eigenvalues is compared with the law's. Right within sampling error where at least three quarters of the dimensions
    carry noise alone, and too high elsewhere. [GavishDonoho2014] take the median, and so half of the dimensions.
    """
    values = np.sort(np.asarray(eigenvalues, dtype=np.float64))
    aspect = values.size / max(n_samples - 1, 1)
    # With fewer samples than dimensions some eigenvalues are 0 whatever the noise.
    informative = values[max(0, values.size - (n_samples - 1)) :]
    level = marchenko_pastur_quantile(0.25, min(aspect, 1 / aspect)) * max(1.0, aspect)
    return float(np.sqrt(np.quantile(informative, 0.25) / level))


def marchenko_pastur_quantile(share: float, aspect: float) -> float:
    """The eigenvalue below which `share` of the Marchenko-Pastur law of unit variance and aspect in (0, 1] lies."""
    low, high = (1 - np.sqrt(aspect)) ** 2, (1 + np.sqrt(aspect)) ** 2
    centre, half = (low + high) / 2, (high - low) / 2

    def below(angle: float) -> float:
        # x = centre - half cos(angle) takes the square roots out of the density.
        def density(t: float) -> float:
            return half**2 * np.sin(t) ** 2 / (2 * np.pi * aspect * (centre - half * np.cos(t)))

        return integrate.quad(density, 0.0, angle)[0] - share

    root = float(optimize.brentq(below, 0.0, np.pi))  # pyright: ignore[reportArgumentType]
    return float(centre - half * np.cos(root))
