"""How many samples does it take to learn a large dictionary? Bilinear message passing and alternating MOD.

Run as `python -m benchmarks.dictionary_at_scale --latents 1000 --samples 2500 10000`.

The world of Barin Pacela et al. (2026, arXiv 2603.28744), in distribution: N latents of which exactly K are active,
uniform on [0, 1]; Gaussian unit columns in M = ceil(2 K ln(N / K)) dimensions, no noise. Each row of the output is one
dictionary, number of samples and learner: the mean |cosine| of true and learned atoms under the best permutation, the
share of atoms above .9, seconds with compilation, and the process's largest memory so far. Message passing is told K,
the sign and that amplitudes are uniform, alternating MOD the sign.

With `--theory` it prints instead, for each number of samples, the cosine that atoms must start above for the state
evolution of Bayes-optimal message passing to end at the truth (Kabashima et al. 2016): 0 where any start will do.
"""

import argparse
import resource
import time
from math import ceil, log
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtr

from recovery.learners import AlternatingMod, BilinearAmp
from toymodels.latents import exact_k
from toymodels.mixing import gaussian_dictionary

_CHUNK = 5000
_RECOVERED = 0.98


def n_dims_of(n_latents: int, n_active: int) -> int:
    return ceil(2 * n_active * log(n_latents / n_active))


def observe(
    key: PRNGKeyArray, dictionary: Float[Array, "n_dims n_latents"], n_samples: int, n_active: int
) -> Float[Array, "n_samples n_dims"]:
    """Observations, drawn a few thousand at a time so that the codes of all are never held at once."""

    @jax.jit
    def draw(key: PRNGKeyArray) -> Float[Array, "chunk n_dims"]:
        codes = exact_k(
            key, n_samples=min(_CHUNK, n_samples), n_latents=dictionary.shape[1], n_active=n_active, magnitude="uniform"
        )
        return codes @ dictionary.T

    keys = jax.random.split(key, -(-n_samples // _CHUNK))
    return jnp.concatenate([draw(key) for key in keys])[:n_samples]


def matched(dictionary: np.ndarray, learned: np.ndarray) -> np.ndarray:
    cosines = np.abs(dictionary.T @ learned)
    return cosines[linear_sum_assignment(-cosines)]


def measure(learner: Any, name: str, seed: int, n_latents: int, n_active: int, n_samples: int) -> None:
    key_dictionary, key_samples, key_fit = jax.random.split(jax.random.key(seed), 3)
    dictionary = gaussian_dictionary(key_dictionary, n_dims=n_dims_of(n_latents, n_active), n_latents=n_latents)
    observations = observe(key_samples, dictionary, n_samples, n_active)
    start = time.perf_counter()
    fit = jax.jit(lambda y, key: learner.fit(y, n_atoms=n_latents, key=key))
    learned = np.asarray(fit(observations, key_fit).dictionary)
    seconds = time.perf_counter() - start
    cosines = matched(np.asarray(dictionary), learned)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{n_latents},{n_active},{n_samples},{seed},{name},{cosines.mean():.4f},{np.mean(cosines > 0.9):.4f},"
        f"{seconds:.0f},{memory:.2f}",
        flush=True,
    )


def explained(noise_variance: float, density: float) -> float:
    """E[E[x | r]^2] for r = x + noise, x = 0 or with probability `density` uniform on [0, 1]."""
    deviation = np.sqrt(noise_variance)
    r = np.linspace(-8 * deviation, 1 + 8 * deviation, 4001)
    at_zero, at_one = (np.exp(-((r - end) ** 2) / (2 * noise_variance)) for end in (0, 1))
    scale = np.sqrt(2 * np.pi * noise_variance)
    mass = ndtr((1 - r) / deviation) - ndtr(-r / deviation)
    evidence = (1 - density) * at_zero / scale + density * mass
    first = density * (r * mass + noise_variance * (at_zero - at_one) / scale)
    return float(np.trapezoid(first**2 / np.maximum(evidence, 1e-300), r))


def evolved(overlap: float, n_latents: int, n_dims: int, n_active: int, n_samples: int) -> float:
    """The squared cosine of atoms at the fixed point of state evolution from a given one; noise variance 1e-6."""
    density = n_active / n_latents
    energy = density / 3
    codes = explained(energy * n_latents / (n_dims * overlap), density)
    for _ in range(2000):
        precision = 1 / (1e-6 + energy - overlap * codes)
        codes = explained(n_latents / (n_dims * overlap * precision), density)
        snr = n_samples / n_latents * codes / (1e-6 + energy - overlap * codes)
        last, overlap = overlap, snr / (1 + snr)
        if abs(overlap - last) < 1e-9:
            break
    return overlap


def basin(n_latents: int, n_active: int, n_samples: int) -> float:
    """The least starting cosine from which state evolution ends at the truth, by bisection; nan where none does."""
    sizes = (n_latents, n_dims_of(n_latents, n_active), n_active, n_samples)
    low, high = 1e-3, 1 - 1e-4
    if evolved(high, *sizes) < _RECOVERED:
        return float("nan")
    if evolved(low, *sizes) >= _RECOVERED:
        return 0.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if evolved(middle, *sizes) >= _RECOVERED else (middle, high)
    return high**0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--latents", type=int, default=1000, help="N (default 1000)")
    parser.add_argument("--active", type=int, default=10, help="K (default 10)")
    parser.add_argument("--samples", type=int, nargs="+", default=[2500, 10_000], help="P (default 2500 10000)")
    parser.add_argument("--seeds", type=int, default=1, help="dictionaries drawn (default 1)")
    parser.add_argument("--rounds", type=int, default=250, help="of message passing (default 250)")
    parser.add_argument("--polish", type=int, default=100, help="rounds of polishing (default 100)")
    parser.add_argument("--alternating", action="store_true", help="alternating MOD as well")
    parser.add_argument("--theory", action="store_true", help="state evolution only")
    given = parser.parse_args()
    if given.theory:
        print("latents,active,dims,samples,least_cosine")
        for n_samples in given.samples:
            found = basin(given.latents, given.active, n_samples)
            dims = n_dims_of(given.latents, given.active)
            print(f"{given.latents},{given.active},{dims},{n_samples},{found:.3f}", flush=True)
        return
    density = given.active / given.latents
    learners = {"bilinear-amp": BilinearAmp(density=density, n_rounds=given.rounds, n_polish=given.polish)}
    if given.alternating:
        learners["alternating-mod"] = AlternatingMod()  # pyright: ignore[reportArgumentType]
    print("latents,active,samples,seed,learner,cosine,above_.9,seconds,memory_gib")
    for n_samples in given.samples:
        for seed in range(given.seeds):
            for name, learner in learners.items():
                measure(learner, name, seed, given.latents, given.active, n_samples)


if __name__ == "__main__":
    main()
