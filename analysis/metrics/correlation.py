"""Correlation of true with estimated codes."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def absolute_correlation(
    truth: Float[Array, "n_samples n_latents"], estimate: Float[Array, "n_samples n_atoms"]
) -> Float[Array, "n_latents n_atoms"]:
    """Return |Pearson correlation| over the samples of every true with every estimated latent.

    It is 0 for a latent that is constant over the samples (dead), to within rounding, or not finite.
    """
    similarity = jnp.abs(_standardise(truth).T @ _standardise(estimate))
    return jnp.minimum(similarity, 1)


def _standardise(codes: Float[Array, "n_samples n"]) -> Float[Array, "n_samples n"]:
    """Centre each column and scale it to unit norm; a constant or non-finite column becomes zero."""
    largest = jnp.max(jnp.abs(codes), axis=0, keepdims=True, initial=0.0)
    usable = jnp.isfinite(largest) & (largest > 0)
    # Scaled to at most 1, so that neither squares nor sums leave the floating-point range.
    scaled = jnp.where(usable, codes / jnp.where(usable, largest, 1), 0)
    centred = scaled - jnp.mean(scaled, axis=0, keepdims=True)
    norm = jnp.linalg.norm(centred, axis=0, keepdims=True)
    rounding = 10 * jnp.finfo(codes.dtype).eps * jnp.linalg.norm(scaled, axis=0, keepdims=True)
    varies = norm > rounding
    return jnp.where(varies, centred / jnp.where(varies, norm, 1), 0)
