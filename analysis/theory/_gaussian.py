"""Integrals of the standard normal density that soft thresholding leads to, and a bisection for their roots."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.special import erfcx

# The density is still a normal float64 here, and every root that float64 can pose lies below.
MAX_THRESHOLD = 37.0
_BISECTIONS = 64


def density(z: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """phi(z), the standard normal density."""
    return np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)


def mills_ratio(z: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """Phi(-z) / phi(z), without underflow for large z."""
    return np.sqrt(np.pi / 2) * erfcx(z / np.sqrt(2))


def mean_excess(z: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """E (Z - z)_+ = phi(z) - z Phi(-z) for a standard normal Z."""
    return density(z) * (1 - z * mills_ratio(z))


def squared_excess(z: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """G(z) = E (Z - z)_+^2 = (1 + z^2) Phi(-z) - z phi(z): noise past a threshold, on one side."""
    return density(z) * ((1 + z**2) * mills_ratio(z) - z)


def decreasing_root(
    function: Callable[[Float[np.ndarray, "*s"]], Float[np.ndarray, "*s"]], target: Float[np.ndarray, "*s"]
) -> Float[np.ndarray, "*s"]:
    """Solve function(z) = target elementwise for z in [0, MAX_THRESHOLD], function decreasing."""
    low = np.zeros_like(target)
    high = np.full_like(target, MAX_THRESHOLD)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        too_low = function(middle) > target
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return 0.5 * (low + high)
