"""The error that remains when the support is known."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike


def oracle_floor(n_dims: ArrayLike, n_active: ArrayLike, noise_std: ArrayLike) -> Float[np.ndarray, "*s"]:
    """E ||x^ - x||^2 = K M sigma^2 / (M - K - 1), the squared error of least squares on the true support, per sample.

    Averaged over Gaussian dictionaries whose entries have variance 1/M (the mean of an inverse Wishart matrix); no
    estimator without a prior on the amplitudes does better. M is n_dims, K n_active, sigma the noise's standard
    deviation per observed coordinate. Infinite for 0 < K >= M - 1, where that mean does not exist.
    """
    m, k, sigma = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (n_dims, n_active, noise_std)))
    freedom = m - k - 1
    exists = freedom > 0
    floor = k * m * sigma**2 / np.where(exists, freedom, 1.0)
    return np.where(exists, floor, np.where((k > 0) & (sigma > 0), np.inf, 0.0))
