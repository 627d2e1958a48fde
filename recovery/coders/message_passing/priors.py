"""Posterior of one sparse code seen in Gaussian noise: what Bayesian message passing thresholds with."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import Chebyshev, Polynomial
from scipy.special import erfcx

_FARTHEST = 8
_TOTAL = float(np.sqrt(2 * np.pi))
_MILLS_SCALE = 0.28


class Posterior(NamedTuple):
    """Of each code: mean, variance, probability of being active, and second moment given that it is."""

    mean: Float[Array, "n_samples n_latents"]
    variance: Float[Array, "n_samples n_latents"]
    active: Float[Array, "n_samples n_latents"]
    energy: Float[Array, "n_samples n_latents"]


def bernoulli_gaussian(
    pseudo: Float[Array, "n_samples n_latents"],
    noise_variance: Float[Array, "n_samples 1"],
    density: Float[Array, "n_samples 1"],
    variance: Float[Array, "n_samples 1"],
    *,
    nonnegative: bool,
) -> Posterior:
    """x = 0 with probability 1 - density, else N(0, variance), or its absolute value if `nonnegative`.

    `pseudo` is x plus Gaussian noise.
    """
    total = variance + noise_variance
    spread = noise_variance * variance / total
    deviation = jnp.sqrt(spread)
    mean, scaled = pseudo * (variance / total), pseudo * (deviation / noise_variance)
    # The density of x = 0 over the mass of x > 0 or of all x, times deviation and sqrt(2 pi).
    at_zero = jnp.exp(-0.5 * scaled**2)
    if nonnegative:
        tail = mills_ratio(jnp.abs(scaled))
        hazard = jnp.where(scaled < 0, 1 / tail, at_zero / (_TOTAL - at_zero * tail))
        # Of the normal cut at 0: mean and second moment; rounding must not make them negative.
        shifted = jnp.maximum(mean + deviation * hazard, 0)
        energy = jnp.maximum(spread + mean * shifted, 0)
        mean, at_zero = shifted, _TOTAL / 2 * hazard
    else:
        energy = spread + mean**2
    return _mixed(density, jnp.sqrt(total / noise_variance) * at_zero, mean, energy)


def bernoulli_uniform(
    pseudo: Float[Array, "n_samples n_latents"],
    largest: Float[Array, "n_samples #n_latents"],
    density: Float[Array, ""],
    *,
    nonnegative: bool,
) -> Posterior:
    """x = 0 with probability 1 - density, else uniform on [-largest, largest], or on [0, largest] if `nonnegative`.

    `pseudo` is x plus standard normal noise: everything is in units of the noise's standard deviation. Farther than 8
    of them outside the interval it counts as 8 outside, so that nothing underflows in float32.
    """
    half, centre = (largest / 2, largest / 2) if nonnegative else (largest, jnp.zeros_like(largest))
    width = 2 * half
    # By symmetry about the centre only one side is needed, where tails do not cancel: distances from both ends.
    offset = pseudo - centre
    below = offset < 0
    near = jnp.minimum(jnp.abs(offset) - half, _FARTHEST)
    far = near + width
    near_density, far_density = jnp.exp(-0.5 * near**2), jnp.exp(-0.5 * far**2)
    tail = mills_ratio(jnp.abs(near)) * near_density
    # Densities and masses are over the density at 0.
    outside = jnp.where(near < 0, _TOTAL - tail, tail)
    mass = outside - mills_ratio(far) * far_density
    inverse = 1 / jnp.maximum(mass, jnp.finfo(pseudo.dtype).tiny * 1e6)
    step = (near_density - far_density) * inverse
    spread = jnp.maximum(1 + (near * near_density - far * far_density) * inverse - step**2, 0)
    shift = jnp.clip(near + half - step, -half, half)
    mean = centre + jnp.where(below, -shift, shift)
    at_zero = jnp.where(below, near_density, far_density) if nonnegative else jnp.exp(-0.5 * (near + half) ** 2)
    return _mixed(density, width * at_zero * inverse, mean, spread + mean**2)


def _mixed(density: Array, odds_of_zero: Array, mean: Array, energy: Array) -> Posterior:
    """Of a code that is 0 or active: the odds of the pseudo-data under 0 against active, moments given active."""
    # Not 0 over 0 where the density is 0 and the odds underflow.
    odds = (1 - density) * jnp.maximum(odds_of_zero, jnp.finfo(mean.dtype).tiny)
    active = density / (density + odds)
    first = active * mean
    return Posterior(first, jnp.maximum(active * energy - first**2, 0), active, energy)


def mills_ratio(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """(1 - Phi(x)) / phi(x) of the standard normal law, for x >= 0; relative error 5e-10 where rounding allows.

    Some dozen multiplications, where erfc takes an exponential of its own: 1 / (1 + .28 x) times a polynomial in it.
    """
    place = 1 / (1 + _MILLS_SCALE * x)
    return jnp.polyval(jnp.asarray(_MILLS, place.dtype), place) * place


def _mills_coefficients(degree: int) -> np.ndarray:
    """From the highest power down."""

    def over_place(place: np.ndarray) -> np.ndarray:
        x = (1 / place - 1) / _MILLS_SCALE
        return np.sqrt(np.pi / 2) * erfcx(x / np.sqrt(2)) / place

    return Chebyshev.interpolate(over_place, degree, domain=[0, 1]).convert(kind=Polynomial).coef[::-1]


_MILLS = _mills_coefficients(12)
