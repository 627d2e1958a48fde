"""The residual of coders that solve no convex problem."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.rows import row_norm


def relative_residual(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
) -> Float[Array, " n_samples"]:
    """||y - A z|| / ||y||; ||A z|| where y = 0."""
    return relative_norm(observations - codes @ dictionary.T, observations)


def relative_norm(
    values: Float[Array, "n_samples n"], reference: Float[Array, "n_samples m"]
) -> Float[Array, " n_samples"]:
    """Row norms of `values` over those of `reference`, or alone where `reference` is 0."""
    size = row_norm(reference)
    return row_norm(values) / jnp.where(size == 0, 1, size)
