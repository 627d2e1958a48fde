"""Bring estimated codes into the truth's order, sign and scale."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def align(
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_atoms"],
    assignment: Int[Array, " n_latents"],
) -> Float[Array, "n_samples n_latents"]:
    """Give each true latent its assigned estimate times the least-squares scale s = <z, e> / <e, e>, sign included.

    An unknown dictionary determines codes only up to order, sign and scale; what remains after this can be compared
    entry by entry. Where the assignment is -1 or the estimate is all zero the result is zero. One scale per latent is
    fitted to the truth, so a few samples flatter the estimate slightly.
    """
    assigned = jnp.where(assignment[None, :] >= 0, estimate[:, jnp.maximum(assignment, 0)], 0)
    energy = jnp.sum(assigned**2, axis=0, keepdims=True)
    scale = jnp.sum(truth * assigned, axis=0, keepdims=True) / jnp.where(energy > 0, energy, 1)
    return assigned * scale
