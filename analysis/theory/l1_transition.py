"""The phase transition of l1 minimisation with a known Gaussian dictionary and no noise.

rho(delta) = max_z [1 - (c / delta) G(z)] / [1 + z^2 - c G(z)], with G(z) = (1 + z^2) Phi(-z) - z phi(z), c = 2 for
signed and 1 for non-negative codes, in the limit of many latents. The boundary is that of [DonohoTanner2009]; this
form of it is the minimax threshold of [DonohoMalekiMontanari2009]. Setting the derivative to zero gives it as a curve
in z,

    delta = c phi(z) / (z + c (phi(z) - z Phi(-z))),    rho = 1 - z Phi(-z) / phi(z),

and delta falls from 1 to 0 as z grows, so that z is found by bisection.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from analysis.theory import _gaussian
from analysis.theory._code_sign import CodeSign, sides


def l1_transition(undersampling: ArrayLike, code_sign: CodeSign) -> Float[np.ndarray, "*s"]:
    """Sparsity ratio rho = K/M up to which l1 minimisation typically recovers codes, at undersampling delta = M/N.

    Basis pursuit, and AMP with `minimax_threshold`, recover below the curve and fail above it. It is 0 at delta = 0,
    1 at delta = 1, and nan outside [0, 1].

    Example:
        >>> round(float(l1_transition(0.5, "signed")), 6)
        0.38569
    """
    z = minimax_threshold(undersampling, code_sign)
    finite = np.isfinite(z)
    rho = 1 - np.where(finite, z, 0.0) * _gaussian.mills_ratio(np.where(finite, z, 0.0))
    return np.where(np.isposinf(z), 0.0, np.where(finite, rho, np.nan))


def minimax_threshold(undersampling: ArrayLike, code_sign: CodeSign) -> Float[np.ndarray, "*s"]:
    """Soft threshold, in units of the effective noise's standard deviation, that attains the transition.

    The z of the maximum above: the multiplier of ||residual|| / sqrt(M) in AMP that recovers up to rho(delta)
    whatever the amplitudes. Infinite at delta = 0, 0 at delta = 1, nan outside [0, 1].
    """
    c = sides(code_sign)
    delta = np.asarray(undersampling, dtype=np.float64)
    inside = (delta > 0) & (delta <= 1)
    z = _gaussian.decreasing_root(lambda z: _undersampling_at(z, c), np.where(inside, delta, 1.0))
    return np.where(inside, z, np.where(delta == 0, np.inf, np.nan))


def _undersampling_at(z: Float[np.ndarray, "*s"], c: float) -> Float[np.ndarray, "*s"]:
    return c / (z / _gaussian.density(z) + c * (1 - z * _gaussian.mills_ratio(z)))
