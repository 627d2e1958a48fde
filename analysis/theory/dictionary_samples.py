"""Known answers to how many samples an unknown dictionary takes, with the status of their constants.

The formulas differ by orders of magnitude because they promise different things: what no method can do without
(`minimum_samples`), what is typical for an unlimited method in the limit, and what guarantees uniqueness for every
dictionary. None of them says what a fast algorithm needs.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import gammaln


def typical_samples(n_latents: ArrayLike, n_dims: ArrayLike, n_active: ArrayLike) -> Float[np.ndarray, "*s"]:
    """N delta / (delta - eps) = N M / (M - K): samples at which a planted dictionary is typically determined.

    From statistical mechanics, for Gaussian dictionaries and codes without noise as N grows at fixed delta = M/N and
    eps = K/N, with unlimited computation [SakataKabashima2013], [Kabashima2016]: not rigorous (replica method), but the
    constant is exact in it, and to leading order it equals the counting bound. inf where K >= M.
    """
    n, m, k = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (n_latents, n_dims, n_active)))
    enough = m > k
    return np.where(enough, n * m / np.where(enough, m - k, 1.0), np.inf)


def uniqueness_samples(n_latents: ArrayLike, n_active: ArrayLike) -> Float[np.ndarray, "*s"]:
    """(K + 1) C(N, K): samples that make every dictionary in which K-sparse codes are unique, unique itself.

    A theorem [HillarSommer2015]: with K + 1 random samples on each support, with probability 1, any dictionary and
    K-sparse codes that fit the samples are the true ones up to order and scale. Sufficient and exact as stated, but
    combinatorial: far more than is typically needed.
    """
    n, k = np.broadcast_arrays(np.asarray(n_latents, dtype=np.float64), np.asarray(n_active, dtype=np.float64))
    return (k + 1) * np.exp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def complete_samples(n_latents: ArrayLike, *, constant: float = 1.0) -> Float[np.ndarray, "*s"]:
    """C N log N: order of the samples that determine a square dictionary (M = N) with random sparse codes.

    O(N log N) suffices for uniqueness [Spielman2012], and is necessary where each sample has about one active latent;
    a linear-programming algorithm attains it [Adamczak2016]. The constant is not known: only the growth with N means
    anything, and `constant` is for the caller to fit.
    """
    n = np.asarray(n_latents, dtype=np.float64)
    return constant * n * np.log(n)
