"""Angles between the subspaces that two sets of columns span."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def principal_angles(
    first: Float[Array, "n_dims n_a"], second: Float[Array, "n_dims n_b"]
) -> Float[Array, " n_angles"]:
    """Principal angles of the two column spaces in radians, largest first; min(n_a, n_b) of them [BjorckGolub1973].

    In [0, pi/2]: all 0 where the smaller space lies in the larger, pi/2 for orthogonal directions. Invariant to any
    invertible recombination of the columns on either side. For unrelated directions cos^2 of one line with a space of
    dimension n_b in M dimensions is n_b / M on average; where n_a + n_b > M, some angles are 0 whatever the spaces.
    Columns must be linearly independent on both sides. Small angles come from sines, so that they are exact to
    rounding.
    """
    a, b = jnp.linalg.qr(first)[0], jnp.linalg.qr(second)[0]
    if a.shape[1] < b.shape[1]:
        a, b = b, a
    overlap = a.T @ b
    cosine = jnp.clip(jnp.linalg.svd(overlap, compute_uv=False), 0, 1)[::-1]
    sine = jnp.clip(jnp.linalg.svd(b - a @ overlap, compute_uv=False), 0, 1)
    return jnp.where(cosine**2 > 0.5, jnp.arcsin(sine), jnp.arccos(cosine))
