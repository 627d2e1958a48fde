"""Amari distance of two square or tall mixing matrices."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def amari_distance(
    truth: Float[Array, "n_dims n_latents"], estimate: Float[Array, "n_dims n_latents"]
) -> Float[Array, ""]:
    """How far P = |pinv(estimate) truth| is from a scaled permutation [Amari1996].

    d = 1 / (2 N (N - 1)) (sum_i (sum_j P_ij / max_k P_ik - 1) + sum_j (sum_i P_ij / max_k P_kj - 1)), in [0, 1]: 0 for
    the same columns in any order, sign and scale, 1 where all entries are equal. Invariant to all three in both
    arguments (with M = N: the row scale of P is the estimate's). Unrelated Gaussian matrices lie between
    (about .3 to .4 for N of 4 to 64). It asks that the estimate has full column rank, N <= M: for overcomplete
    dictionaries P is not a permutation even at the truth, so use `dictionary_similarity` there. A row or column of P
    that is zero counts as its worst; nan for N = 1 or a matrix that is not finite.
    """
    return amari_index(jnp.linalg.pinv(estimate) @ truth)


def amari_index(gain: Float[Array, "n_latents n_latents"]) -> Float[Array, ""]:
    """`amari_distance` of a gain matrix, such as unmixing times mixing."""
    size = gain.shape[0]
    magnitude = jnp.abs(gain)
    spread = _excess(magnitude, axis=1) + _excess(magnitude, axis=0)
    return spread / (2 * size * (size - 1)) if size > 1 else jnp.full((), jnp.nan, gain.dtype)


def _excess(magnitude: Float[Array, "n n"], axis: int) -> Float[Array, ""]:
    """Sum over rows (axis 1) or columns (axis 0) of what their entries add up to beside the largest, in its units."""
    largest = jnp.max(magnitude, axis=axis)
    beside = jnp.sum(magnitude, axis=axis) / jnp.where(largest == 0, 1, largest) - 1
    return jnp.sum(jnp.where(largest == 0, magnitude.shape[0] - 1, beside))
