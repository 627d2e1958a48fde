"""Representations as differences from their mean."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def centred(codes: Float[Array, "n_samples n"]) -> Float[Array, "n_samples n"]:
    """Subtract each column's mean over the samples, and scale the whole to a Frobenius norm of 1.

    One scale for all columns keeps products of them inside the floating-point range; without variation all is zero.
    """
    shifted = codes - jnp.mean(codes, axis=0, keepdims=True)
    largest = jnp.max(jnp.abs(shifted), initial=0.0)
    scaled = shifted / jnp.where(largest > 0, largest, 1)
    norm: Array = jnp.linalg.norm(scaled)
    return scaled / jnp.where(norm > 0, norm, 1)
