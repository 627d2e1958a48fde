"""The error of approximate message passing with soft thresholding, iteration by iteration.

For a Gaussian dictionary with unit-norm columns as N grows [DonohoMalekiMontanari2009]: from codes of zero,

    tau_0^2 = sigma^2 + E X^2 / delta,    tau_{t+1}^2 = sigma^2 + E[(eta(X + tau_t Z; alpha tau_t) - X)^2] / delta.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from analysis.theory._code_sign import CodeSign, sides
from analysis.theory.lasso_state_evolution import Amplitudes, scalar_channel


@dataclass(frozen=True)
class Trajectory:
    """After 0, 1, .. iterations: mean squared error per latent, and the standard deviation of the effective noise.

    `effective_noise_std[t]` is the noise in the pseudo-data that iteration t + 1 thresholds, and sqrt of the mean of
    the squared residual, ||r_t|| / sqrt(M).
    """

    mse: Float[np.ndarray, " n"]
    effective_noise_std: Float[np.ndarray, " n"]


def amp_state_evolution(
    undersampling: float,
    density: float,
    noise_std: float,
    amplitudes: Amplitudes,
    code_sign: CodeSign,
    *,
    threshold: float,
    n_iterations: int,
) -> Trajectory:
    """State of AMP with soft threshold `threshold` times the effective noise, before and after each iteration.

    Latents are active with probability `density`, then with `amplitudes`; undersampling is delta = M/N, noise_std the
    noise per observed coordinate. Its fixed point is the lasso's error at the calibrated penalty (`optimal_lasso`).
    Raises ValueError for a negative number of iterations.
    """
    if n_iterations < 0:
        raise ValueError(f"n_iterations must be 0 or more, not {n_iterations}")
    c, alpha = sides(code_sign), np.array([threshold])
    mse = [density * float(np.sum(amplitudes.weights * amplitudes.values**2))]
    tau = [np.sqrt(noise_std**2 + mse[0] / undersampling)]
    for _ in range(n_iterations):
        error, _ = scalar_channel(np.array([tau[-1]]), alpha, density, amplitudes, c) if tau[-1] > 0 else ([0.0], None)
        mse.append(float(error[0]))
        tau.append(np.sqrt(noise_std**2 + mse[-1] / undersampling))
    return Trajectory(np.array(mse), np.array(tau))
