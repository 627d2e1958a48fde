"""Bayes-optimal recovery of Bernoulli-Gaussian codes through a Gaussian dictionary.

A code entry is standard normal with probability eps (its density) and zero otherwise. In the limit of many latents, a
dictionary with unit-norm columns and noise of variance sigma^2, the mean squared error per latent obeys the state
evolution E <- mmse(sigma^2 + E / delta), mmse the scalar channel's posterior variance [Krzakala2012].
"""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import expit, logit

Start = Literal["prior", "truth"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
_NEGLIGIBLE = 40.0  # exp(-40) is below float64's resolution of the integral
_MAX_ITERATIONS = 100_000
_SETTLED = 1e-12


def scalar_mmse(noise_variance: ArrayLike, density: ArrayLike) -> Float[np.ndarray, "*s"]:
    """Posterior variance of a Bernoulli-Gaussian x from y = x + sqrt(v) w, w standard normal, averaged over y.

    With pi(y) the posterior probability of being active and u = y / sqrt(1 + v),

        mmse = eps / (1 + v) (v + E_u[(1 - pi) u^2]),    u standard normal,

    by Gauss-Legendre quadrature over the u where 1 - pi is not negligible. v is the noise variance, eps the density.
    """
    v, eps = np.broadcast_arrays(np.asarray(noise_variance, dtype=np.float64), np.asarray(density, dtype=np.float64))
    positive = (v > 0) & (eps > 0)
    v, safe_eps = np.where(positive, v, 1.0), np.where(positive, eps, 0.5)
    log_odds = logit(safe_eps) + 0.5 * (np.log(v) - np.log1p(v))
    # 1 - pi falls like exp(-u^2 / 2v), the density like exp(-u^2 / 2): stop where either has vanished.
    with np.errstate(invalid="ignore"):
        reach = np.sqrt(2 * np.minimum(v * (np.maximum(-log_odds, 0.0) + _NEGLIGIBLE), _NEGLIGIBLE))
    u = 0.5 * reach[..., None] * (_NODES + 1)
    inactive = expit(-(log_odds[..., None] + u**2 / (2 * v[..., None])))
    half = 0.5 * reach * ((inactive * u**2 * np.exp(-0.5 * u**2)) @ _WEIGHTS) / np.sqrt(2 * np.pi)
    return np.where(positive, safe_eps / (1 + v) * (v + 2 * half), 0.0)


def state_evolution_mse(
    undersampling: ArrayLike, density: ArrayLike, noise_variance: ArrayLike, *, start: Start = "prior"
) -> Float[np.ndarray, "*s"]:
    """Fixed point of E <- mmse(sigma^2 + E / delta): mean squared error per latent (active variance 1).

    start="prior" begins at E = eps and gives what message passing reaches; start="truth" begins at E = 0 and gives
    what is possible at all. Where they differ recovery is possible but no fast algorithm is known to get there. The
    fixed point is found by iterating to a relative step of 1e-12; nan where that takes over 100,000 iterations (delta
    next to a transition). Arguments broadcast; divide by eps for the error relative to the codes' energy.

    Raises ValueError for another word in `start`.

    Example:
        >>> f"{state_evolution_mse(0.3, 0.2, 1e-6, start='prior'):.3e}"
        '8.387e-02'
        >>> f"{state_evolution_mse(0.3, 0.2, 1e-6, start='truth'):.3e}"
        '6.562e-07'
    """
    if start not in ("prior", "truth"):
        raise ValueError(f"start must be prior or truth, not {start!r}")
    arrays = (np.asarray(a, dtype=np.float64) for a in (undersampling, density, noise_variance))
    delta, eps, variance = np.broadcast_arrays(*arrays)
    shape = delta.shape
    delta, eps, variance = delta.ravel(), eps.ravel(), variance.ravel()
    error = eps.copy() if start == "prior" else np.zeros_like(eps)
    running = np.arange(error.size)
    for _ in range(_MAX_ITERATIONS):
        if running.size == 0:
            break
        updated = scalar_mmse(variance[running] + error[running] / delta[running], eps[running])
        # Without noise the error shrinks for ever: far below what float64 codes can show it counts as zero.
        updated = np.where(updated < 1e-30, 0.0, updated)
        step = np.abs(updated - error[running])
        error[running] = updated
        running = running[step > _SETTLED * updated]
    error[running] = np.nan
    return error.reshape(shape)
