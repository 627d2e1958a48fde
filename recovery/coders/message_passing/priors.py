"""Posterior of one sparse code seen in Gaussian noise: what Bayesian message passing thresholds with."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import log_ndtr, logit
from jaxtyping import Array, Float


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
