"""What the lasso reaches on codes of a known distribution, and the penalty that is best there.

State evolution of soft thresholding [DonohoMalekiMontanari2009], and its calibration to the lasso
[DonohoMalekiMontanari2011] [BayatiMontanari2012], for a Gaussian dictionary with unit-norm columns as N grows:
    tau^2 = sigma^2 + E[(eta(X + tau Z; alpha tau) - X)^2] / delta,
    lambda = alpha tau (1 - P(eta(X + tau Z; alpha tau) != 0) / delta).
Unlike the noise sensitivity, which is the worst case over amplitudes, this is a prediction for one distribution of
them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

from analysis.theory import _gaussian
from analysis.theory._code_sign import CodeSign, sides

_THRESHOLDS = np.linspace(0.05, 4.0, 80)
_MAX_ITERATIONS = 1000


class Amplitudes(NamedTuple):
    """Amplitudes of an active latent and their probabilities (a quadrature rule, for a continuous distribution)."""

    values: Float[np.ndarray, " n"]
    weights: Float[np.ndarray, " n"]


@dataclass(frozen=True)
class LassoPrediction:
    """The best penalty lambda, the squared error per latent that it gives, and the state behind both."""

    penalty: float
    mse: float
    threshold: float
    effective_noise_std: float


def uniform_amplitudes(low: float = 0.0, high: float = 1.0, *, n_nodes: int = 24) -> Amplitudes:
    """Gauss-Legendre rule of the uniform distribution on [low, high]."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    return Amplitudes(low + (high - low) * (nodes + 1) / 2, weights / 2)


def gaussian_amplitudes(*, n_nodes: int = 32) -> Amplitudes:
    """Gauss-Legendre rule of |x|, x standard normal; signed amplitudes have the same errors by symmetry."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    values = 4.0 * (nodes + 1)
    density = weights * np.exp(-0.5 * values**2)
    return Amplitudes(values, density / density.sum())


def optimal_lasso(
    undersampling: float, density: float, noise_std: float, amplitudes: Amplitudes, code_sign: CodeSign
) -> LassoPrediction:
    """The penalty of 1/2 ||y - A z||^2 + lambda ||z||_1 with the least error in the limit, and that error.

    Latents are active with probability `density`, then with `amplitudes`; the noise has standard deviation `noise_std`
    per observed coordinate. The threshold is searched on a grid of 80 multiples, .05 to 4, of the effective noise.
    """
    c = sides(code_sign)
    power = float(np.sum(amplitudes.weights * amplitudes.values**2))
    start = noise_std**2 + density * power / undersampling
    tau2 = np.full(_THRESHOLDS.shape, start)
    mse, active = scalar_channel(np.sqrt(tau2), _THRESHOLDS, density, amplitudes, c)
    for _ in range(_MAX_ITERATIONS):
        # Bounded: without noise the state can vanish, and below the least stable threshold it grows without end.
        new = np.clip(noise_std**2 + mse / undersampling, 1e-16 * start, 1e6 * start)
        settled = np.all(np.abs(new - tau2) <= 1e-6 * tau2)
        tau2 = new
        mse, active = scalar_channel(np.sqrt(tau2), _THRESHOLDS, density, amplitudes, c)
        if settled:
            break
    valid = active < undersampling
    best = int(np.argmin(np.where(valid, mse, np.inf)))
    tau = float(np.sqrt(tau2[best]))
    penalty = _THRESHOLDS[best] * tau * max(0.0, 1 - float(active[best]) / undersampling)
    return LassoPrediction(float(penalty), float(mse[best]), float(_THRESHOLDS[best]), tau)


def scalar_channel(
    tau: Float[np.ndarray, " t"],
    threshold: Float[np.ndarray, " t"],
    density: float,
    amplitudes: Amplitudes,
    c: float,
) -> tuple[Float[np.ndarray, " t"], Float[np.ndarray, " t"]]:
    """Error and share of non-zeros of soft thresholding at alpha tau, in noise tau, for each alpha."""
    x = np.concatenate([[0.0], amplitudes.values])
    weights = np.concatenate([[1 - density], density * amplitudes.weights])
    scaled = x[None, :] / tau[:, None]
    upper, lower = scaled - threshold[:, None], -scaled - threshold[:, None]
    first, second = _excess(upper)
    error, nonzero = second - 2 * scaled * first + scaled**2, ndtr(upper)
    if c == 2:
        first, second = _excess(lower)
        error, nonzero = error + second + 2 * scaled * first, nonzero + ndtr(lower)
    return tau**2 * np.maximum(error @ weights, 0), nonzero @ weights


def _excess(u: Float[np.ndarray, "t n"]) -> tuple[Float[np.ndarray, "t n"], Float[np.ndarray, "t n"]]:
    """E (u + Z)_+ and E (u + Z)_+^2 for standard normal Z."""
    density, below = _gaussian.density(u), ndtr(u)
    return u * below + density, (u**2 + 1) * below + u * density
