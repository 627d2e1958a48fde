"""How many dimensions any method needs to find a support in noise, and how many the lasso takes."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import gammaln


def support_error_floor(
    n_dims: ArrayLike, n_latents: ArrayLike, n_active: ArrayLike, least_amplitude: ArrayLike, noise_std: ArrayLike
) -> Float[np.ndarray, "*s"]:
    """Lower bound on the probability that any method misses the support, by Fano's inequality [Wainwright2009].

    For a Gaussian dictionary with entries of variance 1/M, known to the method, and supports that are uniform among all
    of size K; amplitudes are all `least_amplitude`, known too, which only helps. A genie names all but m of the active
    latents; the m are among q = N - K + m, and

        P(error) >= 1 - (M/2 log(1 + z^2 m (1 - m/q) / (M sigma^2)) + log 2) / log C(q, m),

    of which the greatest over m = 1 .. K is returned (0 where none is positive). Holds at every size; the ensembles are
    those of [Wang2010]. 0 without noise. Arguments broadcast; counts are whole numbers with 0 <= K <= N.
    """
    arrays = (np.asarray(a, dtype=np.float64) for a in (n_dims, n_latents, n_active, least_amplitude, noise_std))
    return np.vectorize(_error_floor, otypes=[float])(*arrays)


def necessary_dims(
    n_latents: int, n_active: int, least_amplitude: float, noise_std: float, *, error: float = 0.5
) -> float:
    """Least number of dimensions M at which `support_error_floor` is at most `error`; inf where none is.

    At a fixed amplitude per observed noise more dimensions do not help without end: the columns have unit norm, so that
    all dimensions together carry z^2 / sigma^2. Raises ValueError for error outside (0, 1).
    """
    if not 0 < error < 1:
        raise ValueError(f"error must be inside (0, 1), not {error}")

    def floor(n_dims: float) -> float:
        return _error_floor(n_dims, n_latents, n_active, least_amplitude, noise_std)

    high = 1
    while floor(high) > error:
        high *= 2
        if high > 2**60:
            return float("inf")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if floor(middle) > error else (low, middle)
    return float(high)


def lasso_support_dims(n_latents: ArrayLike, n_active: ArrayLike) -> Float[np.ndarray, "*s"]:
    """2 K log(N - K) + K + 1: dimensions at which the lasso begins to find signed supports [WainwrightLasso2009].

    For a Gaussian dictionary and amplitudes well above the noise, in the limit: below a fraction of it the lasso fails
    with probability going to 1, above a multiple it succeeds. The order and the constant 2 are exact; K = 0 gives 0.
    """
    n, k = np.broadcast_arrays(np.asarray(n_latents, dtype=np.float64), np.asarray(n_active, dtype=np.float64))
    some = (k > 0) & (k < n)
    rest = np.where(some, n - k, 2.0)
    return np.where(some, 2 * k * np.log(rest) + k + 1, np.where(k == 0, 0.0, np.nan))


def _error_floor(n_dims: float, n_latents: float, n_active: float, amplitude: float, noise_std: float) -> float:
    if noise_std == 0 or n_active == 0:
        return 0.0
    m = np.arange(1, int(n_active) + 1, dtype=np.float64)
    q = n_latents - n_active + m
    choices = gammaln(q + 1) - gammaln(m + 1) - gammaln(q - m + 1)
    snr = amplitude**2 * m * (1 - m / q) / (n_dims * noise_std**2)
    told = n_dims / 2 * np.log1p(snr) + np.log(2)
    some = choices > 0
    return float(np.max(np.where(some, 1 - told / np.where(some, choices, 1.0), 0.0), initial=0.0))
