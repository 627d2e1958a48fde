"""Sparse linear problems with a known answer."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest


class SparseProblem(NamedTuple):
    dictionary: np.ndarray
    observations: np.ndarray
    codes: np.ndarray


@pytest.fixture(scope="session")
def sparse_problem() -> Callable[..., SparseProblem]:
    """Unit Gaussian columns; n_active codes a sample, of magnitude 0.5 to 1.5; float64 numpy."""

    def make(
        n_dims: int = 30,
        n_latents: int = 60,
        n_active: int = 4,
        n_samples: int = 12,
        *,
        nonnegative: bool = False,
        noise_std: float = 0.0,
        seed: int = 0,
    ) -> SparseProblem:
        rng = np.random.default_rng(seed)
        dictionary = rng.standard_normal((n_dims, n_latents))
        dictionary /= np.linalg.norm(dictionary, axis=0)
        support = np.argsort(rng.random((n_samples, n_latents)), axis=1) < n_active
        signs = 1.0 if nonnegative else rng.choice([-1.0, 1.0], (n_samples, n_latents))
        codes = support * signs * rng.uniform(0.5, 1.5, (n_samples, n_latents))
        observations = codes @ dictionary.T + noise_std * rng.standard_normal((n_samples, n_dims))
        return SparseProblem(dictionary, observations, codes)

    return make


@jax.jit
def _solve(coder, dictionary, observations):
    return coder(dictionary, observations)


@pytest.fixture(scope="session")
def solve() -> Callable:
    """A coder's solution, compiled once for each kind of coder and shape; float64 where it is enabled."""

    def run(coder, dictionary, observations):
        return _solve(coder, jnp.asarray(dictionary, float), jnp.asarray(observations, float))

    return run
