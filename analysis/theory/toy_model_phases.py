"""When a toy model should represent one more feature, and how: the closed-form side of its phase diagrams.

The setting of [Elhage2022]: n features in m = n - 1 dimensions, read out by relu(W^T W z + b); every feature is active
with probability p and then uniform on [0, 1]. The first m have importance 1, the last r. Losses are sums over the
features, not means.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

Phase = Literal["not represented", "dedicated dimension", "in superposition"]

# Gauss-Legendre nodes on [0, 1]. Integrands have kinks in the slope of a square: the error is of order n^-3.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


@dataclass(frozen=True)
class PhaseLosses:
    """The least expected loss of each way to treat the last feature."""

    not_represented: float
    dedicated: float
    superposed: float

    @property
    def phase(self) -> Phase:
        """The way of least loss."""
        losses: dict[Phase, float] = {
            "not represented": self.not_represented,
            "dedicated dimension": self.dedicated,
            "in superposition": self.superposed,
        }
        return min(losses, key=losses.__getitem__)


def toy_model_phases(density: float, importance: float, *, n_latents: int) -> PhaseLosses:
    """Least losses with the last of `n_latents` features not represented, with a dimension of its own, or sharing one.

    - Not represented: the output stays at the mean; loss r v, with v = p/3 - p^2/4 the variance of a feature.
    - Dedicated: one of the others is left out, loss v; or, where n > 2, two others share a dimension as below.
    - In superposition: antipodal to one of the others in one dimension, which is the least of `antipodal_loss` over
      its four free scalars.

    Other geometries, of three features that share two dimensions say, are not considered. `density` is p in (0, 1],
    `importance` r >= 0. Raises ValueError for fewer than 2 features.
    """
    if n_latents < 2:
        raise ValueError(f"n_latents must be at least 2, got {n_latents}")
    variance = density / 3 - density**2 / 4
    others_share = least_antipodal_loss(density, 1.0)[0] if n_latents > 2 else np.inf
    return PhaseLosses(
        not_represented=importance * variance,
        dedicated=min(variance, others_share),
        superposed=least_antipodal_loss(density, importance)[0],
    )


@functools.cache
def least_antipodal_loss(density: float, importance: float) -> tuple[float, tuple[float, ...]]:
    """The least of `antipodal_loss` over (u, v, b1, b2), and where it is attained; u, v >= 1/4."""
    # One feature that shrinks to nothing is the other two phases; antipodal means that both have a length.
    bounds = [(0.25, 2.0), (0.25, 2.0), (-1.0, 1.0), (-1.0, 1.0)]
    starts = [(1.0, 1.0, 0.0, 0.0), (0.7, 0.7, 0.2, 0.2), (1.0, 0.5, 0.0, 0.1), (0.5, 1.0, 0.1, 0.0)]
    found = [
        minimize(antipodal_loss, start, args=(density, importance), jac=True, method="L-BFGS-B", bounds=bounds)
        for start in starts
    ]
    best = min(found, key=lambda one: one.fun)
    return float(best.fun), tuple(map(float, best.x))


def antipodal_loss(
    scalars: Sequence[float] | Float[np.ndarray, " 4"], density: float, importance: float
) -> tuple[float, Float[np.ndarray, " 4"]]:
    """E [(z1 - relu(u^2 z1 - u v z2 + b1))^2 + r (z2 - relu(v^2 z2 - u v z1 + b2))^2] for `scalars` (u, v, b1, b2).

    Features 1 and 2 of importance 1 and r stand at u and -v on one line. The expectation is over the four cases of
    which of them are active, by quadrature where they are. Returns the loss and its gradient.
    """
    u, v, first_bias, second_bias = map(float, scalars)
    first, by_gain, by_cross, by_bias = _share(u * u, u * v, first_bias, density)
    second, other_gain, other_cross, other_bias = (
        importance * part for part in _share(v * v, u * v, second_bias, density)
    )
    by_both = by_cross + other_cross
    gradient = [2 * u * by_gain + v * by_both, 2 * v * other_gain + u * by_both, by_bias, other_bias]
    return first + second, np.array(gradient)


def _share(gain: float, cross: float, bias: float, density: float) -> tuple[float, float, float, float]:
    """E (z - relu(gain z - cross z' + bias))^2, and its derivatives by gain, cross and bias."""
    on = np.concatenate([[0.0], _NODES])
    chance = np.concatenate([[1 - density], density * _WEIGHTS])
    z, other, weight = on[:, None], on[None, :], chance[:, None] * chance[None, :]
    output = gain * z - cross * other + bias
    error = z - np.maximum(output, 0)
    slope = -2 * weight * error * (output > 0)
    value = np.sum(weight * error**2)
    return float(value), float(np.sum(slope * z)), float(-np.sum(slope * other)), float(np.sum(slope))
