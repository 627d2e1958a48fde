"""Procrustes distance of two representations."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.metrics.centring import centred


def procrustes_distance(
    first: Float[Array, "n_samples n_a"], second: Float[Array, "n_samples n_b"]
) -> Float[Array, ""]:
    """min over rotations R of ||X R - Y||_F, both sides centred and of unit Frobenius norm [Schonemann1966].

    sqrt(2 - 2 ||X^T Y||_*), the smaller side padded with zeros; in [0, sqrt(2)]: a metric, 0 for equal up to rotation,
    shift and one scale. Invariant to all three on both sides. Chance: for n white dimensions a side and many samples
    the overlap ||X^T Y||_* is about (8 / (3 pi)) sqrt(n / n_samples), so that it is little below sqrt(2); where the
    dimensions outnumber the samples it falls far below, as any two clouds of few points can be turned on each other.
    """
    nuclear = jnp.sum(jnp.linalg.svd(centred(first).T @ centred(second), compute_uv=False))
    return jnp.sqrt(jnp.maximum(2 - 2 * nuclear, 0))
