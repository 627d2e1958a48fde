"""Anomaly scores of items against normal ones, from their features alone."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def neighbour_distance(
    normal: Float[Array, "n_normal n_features"], items: Float[Array, "n_items n_features"], *, n_neighbours: int = 5
) -> Float[Array, " n_items"]:
    """Mean Euclidean distance of each item to its `n_neighbours` nearest normal items [Ramaswamy2000].

    Scales with the features; invariant to rotations. `items` must not be among the normal ones. Raises ValueError
    unless 1 <= n_neighbours <= n_normal.
    """
    if not 1 <= n_neighbours <= normal.shape[0]:
        raise ValueError(f"n_neighbours must be from 1 to the {normal.shape[0]} normal items, not {n_neighbours}")
    squared = jnp.sum(items**2, axis=1)[:, None] + jnp.sum(normal**2, axis=1)[None, :] - 2 * items @ normal.T
    nearest = -jax.lax.top_k(-squared, n_neighbours)[0]
    return jnp.mean(jnp.sqrt(jnp.maximum(nearest, 0)), axis=1)


def mahalanobis_distance(
    normal: Float[Array, "n_normal n_features"],
    items: Float[Array, "n_items n_features"],
    *,
    ridge: Float[Array, ""] | float = 1e-3,
) -> Float[Array, " n_items"]:
    """sqrt((x - mu)^T (C + ridge tr(C)/n_features I)^-1 (x - mu)), mu and C the normal items' mean and covariance.

    The ridge bounds what directions without variance count; at 0 the distance is invariant to invertible affine maps.
    """
    mean = jnp.mean(normal, axis=0)
    centred = normal - mean[None, :]
    covariance = centred.T @ centred / normal.shape[0]
    floor = ridge * jnp.trace(covariance) / normal.shape[1] + jnp.finfo(normal.dtype).tiny
    factor = jnp.linalg.cholesky(covariance + floor * jnp.eye(normal.shape[1], dtype=normal.dtype))
    white = jax.scipy.linalg.solve_triangular(factor, (items - mean[None, :]).T, lower=True)
    return jnp.linalg.norm(white, axis=0)
