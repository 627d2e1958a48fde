"""How many samples an unknown dictionary needs before the equations outnumber the unknowns."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike


def minimum_samples(n_latents: ArrayLike, n_dims: ArrayLike, n_active: ArrayLike) -> Float[np.ndarray, "*s"]:
    """Least number of samples that can determine a dictionary: ceil(N (M - 1) / (M - K)).

    P samples give P M numbers, against N (M - 1) free numbers of a dictionary with unit-norm columns and K P
    amplitudes. Necessary, not sufficient: [HillarSommer2015] on uniqueness, [SakataKabashima2013] on P of the order
    of N typically. Infinite where K >= M.
    """
    n, m, k = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (n_latents, n_dims, n_active)))
    enough = m > k
    return np.where(enough, np.ceil(n * (m - 1) / np.where(enough, m - k, 1.0)), np.inf)
