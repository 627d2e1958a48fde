"""Posterior of one sparse code seen in Gaussian noise: what Bayesian message passing thresholds with."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import erfc, log_ndtr, logit
from jaxtyping import Array, Float

_ROOT_HALF = 0.5**0.5
_NORMAL = 0.3989422804014327


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

    `pseudo` is x plus Gaussian noise. Odds are formed as logarithms, so that nothing overflows in float32.
    """
    total = variance + noise_variance
    mean, spread = pseudo * variance / total, noise_variance * variance / total
    log_odds = logit(density) + 0.5 * (jnp.log(noise_variance) - jnp.log(total)) + 0.5 * pseudo * mean / noise_variance
    if nonnegative:
        scaled = mean / jnp.sqrt(spread)
        below = log_ndtr(scaled)
        log_odds = log_odds + jnp.log(2.0).astype(pseudo.dtype) + below
        hazard = jnp.exp(-0.5 * scaled**2 - 0.5 * jnp.log(2 * jnp.pi).astype(pseudo.dtype) - below)
        # Of the normal cut at 0: mean and second moment; rounding must not make them negative.
        shifted = jnp.maximum(mean + jnp.sqrt(spread) * hazard, 0)
        energy = jnp.maximum(spread + mean * shifted, 0)
        mean = shifted
    else:
        energy = spread + mean**2
    active = jax.nn.sigmoid(log_odds)
    first = active * mean
    return Posterior(first, jnp.maximum(active * energy - first**2, 0), active, energy)


def bernoulli_uniform(
    pseudo: Float[Array, "n_samples n_latents"],
    noise_variance: Float[Array, "n_samples #n_latents"],
    density: Float[Array, ""],
    largest: Float[Array, ""],
    *,
    nonnegative: bool,
) -> Posterior:
    """x = 0 with probability 1 - density, else uniform on [-largest, largest], or on [0, largest] if `nonnegative`.

    `pseudo` is x plus Gaussian noise. Farther than 8 standard deviations outside the interval it counts as 8 outside,
    so that nothing underflows in float32.
    """
    deviation = jnp.sqrt(noise_variance)
    centre, half = (largest / 2, largest / 2) if nonnegative else (jnp.zeros_like(largest), largest)
    # By symmetry about the centre only one side is needed, where tails do not cancel.
    side = jnp.where(pseudo < centre, -1, 1).astype(pseudo.dtype)
    distance = jnp.minimum(jnp.abs(pseudo - centre), half + 8 * deviation)
    near, far = (distance - half) / deviation, (distance + half) / deviation
    mass = 0.5 * (erfc(near * _ROOT_HALF) - erfc(far * _ROOT_HALF))
    mass = jnp.maximum(mass, jnp.finfo(pseudo.dtype).tiny)
    near_density, far_density = (jnp.exp(-0.5 * end**2) * _NORMAL for end in (near, far))
    step = (near_density - far_density) / mass
    spread = jnp.maximum(1 + (near * near_density - far * far_density) / mass - step**2, 0) * noise_variance
    mean = centre + side * jnp.clip(distance - deviation * step, -half, half)
    log_odds = (
        logit(density)
        + jnp.log(mass * deviation / (2 * half * _NORMAL))
        + 0.5 * (centre + side * distance) ** 2 / noise_variance
    )
    active, energy = jax.nn.sigmoid(log_odds), spread + mean**2
    first = active * mean
    return Posterior(first, jnp.maximum(active * energy - first**2, 0), active, energy)
