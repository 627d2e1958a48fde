"""Correlation of true with estimated codes."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def absolute_correlation(
    truth: Float[Array, "n_samples n_latents"], estimate: Float[Array, "n_samples n_atoms"]
) -> Float[Array, "n_latents n_atoms"]:
    """Return |Pearson correlation| over the samples of every true with every estimated latent.

    It is 0 for a latent that is constant over the samples (dead), to within rounding, or not finite.
    """
    similarity = jnp.abs(standardise(truth).T @ standardise(estimate))
    return jnp.minimum(similarity, 1)


def absolute_rank_correlation(
    truth: Float[Array, "n_samples n_latents"], estimate: Float[Array, "n_samples n_atoms"]
) -> Float[Array, "n_latents n_atoms"]:
    """Return |Spearman correlation| over the samples: `absolute_correlation` of the ranks, ties sharing their mean.

    Any increasing distortion of a latent leaves it unchanged. Sparse codes are mostly ties at zero, so that it says
    little more than whether the same samples are active.
    """
    return absolute_correlation(ranks(truth), ranks(estimate))


def ranks(codes: Float[Array, "n_samples n"]) -> Float[Array, "n_samples n"]:
    """Rank each column from 0, ties sharing their mean rank; a column with a non-finite entry becomes zero."""

    def of_column(column: Float[Array, " n_samples"]) -> Float[Array, " n_samples"]:
        order = jnp.argsort(column)
        place = jnp.arange(column.size)
        differs = jnp.diff(column[order]) != 0
        edge = jnp.ones(1, bool)
        first = jax.lax.cummax(jnp.where(jnp.concatenate([edge, differs]), place, 0))
        last = jax.lax.cummin(jnp.where(jnp.concatenate([differs, edge]), place, column.size), reverse=True)
        return jnp.zeros_like(column).at[order].set((first + last).astype(column.dtype) / 2)

    ranked = jax.vmap(of_column, in_axes=1, out_axes=1)(codes)
    return jnp.where(jnp.all(jnp.isfinite(codes), axis=0, keepdims=True), ranked, 0)


def standardise(codes: Float[Array, "n_samples n"]) -> Float[Array, "n_samples n"]:
    """Centre each column and scale it to unit norm; a constant or non-finite column becomes zero."""
    largest = jnp.max(jnp.abs(codes), axis=0, keepdims=True, initial=0.0)
    usable = jnp.isfinite(largest) & (largest > 0)
    # Scaled to at most 1, so that neither squares nor sums leave the floating-point range.
    scaled = jnp.where(usable, codes / jnp.where(usable, largest, 1), 0)
    centred = scaled - jnp.mean(scaled, axis=0, keepdims=True)
    norm: Array = jnp.linalg.norm(centred, axis=0, keepdims=True)
    rounding = 10 * jnp.finfo(codes.dtype).eps * jnp.linalg.norm(scaled, axis=0, keepdims=True)
    varies = norm > rounding
    return jnp.where(varies, centred / jnp.where(varies, norm, 1), 0)
