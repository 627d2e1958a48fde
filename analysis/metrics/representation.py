"""What a trained bottleneck represents, and how crowded it is [Elhage2022].

`weights` is W, n_dims x n_latents: column W_i is the direction of latent i in the hidden layer; W^_i is W_i scaled to
unit norm.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.metrics.dictionary_similarity import unit_columns


def represented(weights: Float[Array, "n_dims n_latents"], *, threshold: float = 0.5) -> Bool[Array, " n_latents"]:
    """Return which latents are represented: ||W_i||^2 > threshold. Trained norms are near 0 or 1."""
    return jnp.sum(weights**2, axis=0) > threshold


def represented_fraction(weights: Float[Array, "n_dims n_latents"], *, threshold: float = 0.5) -> Float[Array, ""]:
    """Fraction of the latents that are represented."""
    return jnp.mean(represented(weights, threshold=threshold).astype(weights.dtype))


def dimensions_per_feature(weights: Float[Array, "n_dims n_latents"]) -> Float[Array, ""]:
    """D* = M / ||W||_F^2: 1 without superposition, 1/2 for antipodal pairs; inf for W = 0."""
    return weights.shape[0] / jnp.sum(weights**2)


def feature_dimensionality(weights: Float[Array, "n_dims n_latents"]) -> Float[Array, " n_latents"]:
    """D_i = ||W_i||^2 / sum_j (W^_i . W_j)^2, the share of a dimension latent i has; 0 where W_i = 0."""
    overlap = jnp.sum((unit_columns(weights).T @ weights) ** 2, axis=1)
    positive = overlap > 0
    return jnp.where(positive, jnp.sum(weights**2, axis=0) / jnp.where(positive, overlap, 1), 0)


def superposition(weights: Float[Array, "n_dims n_latents"]) -> Float[Array, " n_latents"]:
    """sum_{j != i} (W^_i . W_j)^2: how strongly other latents project on latent i's direction."""
    overlap = (unit_columns(weights).T @ weights) ** 2
    return jnp.sum(jnp.where(jnp.eye(weights.shape[1], dtype=bool), 0, overlap), axis=1)
