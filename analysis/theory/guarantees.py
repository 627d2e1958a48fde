"""Guarantees that hold for every sparse code, and the rule of thumb of compressed sensing."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike


def welch_bound(n_dims: ArrayLike, n_latents: ArrayLike) -> Float[np.ndarray, "*s"]:
    """Least coherence of N unit vectors in M dimensions: sqrt((N - M) / (M (N - 1))), 0 where N <= M [Welch1974]."""
    m, n = np.broadcast_arrays(np.asarray(n_dims, dtype=np.float64), np.asarray(n_latents, dtype=np.float64))
    crowded = n > m
    return np.sqrt(np.where(crowded, n - m, 0.0) / np.where(crowded, m * (n - 1), 1.0))


def tropp_limit(coherence: ArrayLike) -> Float[np.ndarray, "*s"]:
    """Largest number of active latents K that coherence mu guarantees: the largest integer below (1 + 1/mu) / 2.

    Orthogonal matching pursuit and basis pursuit then recover every K-sparse code exactly from noiseless observations
    [Tropp2004]. Infinite at mu = 0.
    """
    mu = np.asarray(coherence, dtype=np.float64)
    positive = mu > 0
    limit = np.ceil((1 + 1 / np.where(positive, mu, 1.0)) / 2) - 1
    return np.where(positive, limit, np.where(mu == 0, np.inf, np.nan))


def cs_rule_of_thumb(n_latents: ArrayLike, n_active: ArrayLike) -> Float[np.ndarray, "*s"]:
    """Dimensions that the compressed-sensing literature's rule of thumb asks for: ceil(2 K ln(N / K)); 0 at K = 0.

    The leading order of the l1 transition for K much smaller than N [DonohoTanner2009]; not a guarantee.
    """
    n, k = np.broadcast_arrays(np.asarray(n_latents, dtype=np.float64), np.asarray(n_active, dtype=np.float64))
    some = k > 0
    k = np.where(some, k, 1.0)
    return np.where(some, np.ceil(2 * k * np.log(n / k)), 0.0)
