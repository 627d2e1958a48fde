"""Minimax error of soft thresholding, and with it the sensitivity of l1-penalised recovery to noise.

[DonohoMalekiMontanari2011], for a Gaussian dictionary with unit-norm columns in the limit of many latents.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from analysis.theory import _gaussian
from analysis.theory._code_sign import CodeSign, sides


def minimax_mse(density: ArrayLike, code_sign: CodeSign) -> Float[np.ndarray, "*s"]:
    """M(eps) = min_t eps (1 + t^2) + (1 - eps) c G(t): worst-case error of scalar soft thresholding, unit noise.

    eps is the fraction of active latents, c 2 for signed and 1 for non-negative codes, G(t) = (1 + t^2) Phi(-t) -
    t phi(t). 0 at eps = 0, 1 at eps = 1, nan outside [0, 1].
    """
    eps = np.asarray(density, dtype=np.float64)
    t = minimax_mse_threshold(eps, code_sign)
    finite = np.isfinite(t)
    t = np.where(finite, t, 0.0)
    mse = eps * (1 + t**2) + (1 - eps) * sides(code_sign) * _gaussian.squared_excess(t)
    return np.where(finite, mse, np.where(eps == 0, 0.0, np.nan))


def minimax_mse_threshold(density: ArrayLike, code_sign: CodeSign) -> Float[np.ndarray, "*s"]:
    """The t that attains `minimax_mse`, in noise standard deviations.

    The root of eps t = (1 - eps) c (phi(t) - t Phi(-t)). Infinite at eps = 0, 0 at eps = 1, nan outside [0, 1].
    """
    c = sides(code_sign)
    eps = np.asarray(density, dtype=np.float64)
    inside = (eps > 0) & (eps <= 1)
    safe = np.where(inside, eps, 0.5)
    # Divided by the right-hand side's weight the balance decreases in t; at t = 0 it is positive for every eps < 1.
    t = _gaussian.decreasing_root(lambda t: (1 - safe) * c * _gaussian.mean_excess(t) - safe * t, np.zeros_like(safe))
    return np.where(inside, t, np.where(eps == 0, np.inf, np.nan))


def noise_sensitivity(
    undersampling: ArrayLike, sparsity_ratio: ArrayLike, code_sign: CodeSign
) -> Float[np.ndarray, "*s"]:
    """Worst-case formal mean squared error per latent and per unit noise variance of the optimally penalised lasso.

    M(rho delta) / (1 - M(rho delta) / delta) with delta = M/N and rho = K/M; infinite where M(rho delta) >= delta,
    that is, above `l1_transition`. Multiply by N sigma^2 for the squared error of one sample's codes, where sigma is
    the noise's standard deviation per observed coordinate. nan for delta outside (0, 1] or rho delta outside [0, 1].
    """
    delta, rho = np.broadcast_arrays(
        np.asarray(undersampling, dtype=np.float64), np.asarray(sparsity_ratio, dtype=np.float64)
    )
    mse = minimax_mse(rho * delta, code_sign)
    valid = (delta > 0) & (delta <= 1) & np.isfinite(mse)
    below = valid & (mse < delta)
    safe_delta, safe_mse = np.where(below, delta, 1.0), np.where(below, mse, 0.0)
    return np.where(below, safe_mse / (1 - safe_mse / safe_delta), np.where(valid, np.inf, np.nan))


def minimax_penalty(undersampling: ArrayLike, density: ArrayLike, code_sign: CodeSign) -> Float[np.ndarray, "*s"]:
    """Lasso penalty lambda / sigma that attains `noise_sensitivity`: t sqrt(1 - M(eps) / delta), t the minimax one.

    For 1/2 ||y - A z||^2 + lambda ||z||_1 with unit-norm columns and noise of standard deviation sigma per observed
    coordinate. It is the calibration lambda = t tau (1 - active fraction / delta) of [DonohoMalekiMontanari2011] at the
    least favourable amplitudes, where the effective noise is tau^2 = sigma^2 / (1 - M / delta) and the active fraction
    equals M(eps). 0 where M(eps) >= delta, that is, above `l1_transition`: there no penalty bounds the worst case.
    """
    delta, eps = np.broadcast_arrays(np.asarray(undersampling, dtype=np.float64), np.asarray(density, dtype=np.float64))
    threshold, mse = minimax_mse_threshold(eps, code_sign), minimax_mse(eps, code_sign)
    valid = (delta > 0) & (delta <= 1) & np.isfinite(mse)
    below = valid & (mse < delta)
    remaining = 1 - np.where(below, mse, 0.0) / np.where(below, delta, 1.0)
    return np.where(below, threshold * np.sqrt(remaining), np.where(valid, 0.0, np.nan))
