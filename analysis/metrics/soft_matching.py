"""Soft matching distance of two representations of unequal size."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import optimize, sparse

from analysis.metrics.assignment import match, matched_values
from analysis.metrics.correlation import standardise


def soft_matching_distance(
    first: Float[Array, "n_samples n_a"], second: Float[Array, "n_samples n_b"], *, signed: bool = True
) -> Float[Array, ""]:
    """sqrt min_T sum_ij T_ij ||x_i - y_j||^2, T with 1/n_a in each row and 1/n_b in each column [KhoslaWilliams2024].

    x_i, y_j are the sides' columns, centred and of unit norm, so that ||x_i - y_j||^2 = 2 - 2 correlation; with
    `signed` = False |correlation| stands there and signs do not matter. In [0, 2] (to sqrt(2) unsigned), 0 where
    the sides have the same columns up to order and scale (copies in equal number allowed); a metric on such sets.
    Invariant to order, shift and positive scale of the columns (unsigned also to sign), not to rotations. Chance is
    below sqrt(2), by what the best of n_b columns reach on few samples: unsigned and for sides of equal size,
    sqrt(2 - 2 c) with c of `analysis.theory.correlation_chance`. A constant column has correlation 0 with all.

    Sides of equal size are matched one to one (the optimum is then a permutation); others by a linear program, which
    runs outside the compiled program, in float64, one pair after another.
    """
    similarity = standardise(first).T @ standardise(second)
    similarity = jnp.clip(similarity if signed else jnp.abs(similarity), -1, 1)
    if first.shape[1] == second.shape[1]:
        mean = jnp.mean(matched_values(similarity, match(similarity)))
    else:
        mean = jax.pure_callback(
            _transported, jax.ShapeDtypeStruct((), similarity.dtype), similarity, vmap_method="sequential"
        )
    return jnp.sqrt(jnp.maximum(2 - 2 * mean, 0))


def _transported(similarity: Array) -> np.ndarray:
    """Greatest mean similarity over all ways to share out both sides; nan where the program is not solved."""
    gain = np.asarray(similarity, dtype=np.float64)
    n_a, n_b = gain.shape
    rows = sparse.kron(sparse.eye_array(n_a), np.ones((1, n_b)))
    columns = sparse.kron(np.ones((1, n_a)), sparse.eye_array(n_b))
    shares = np.concatenate([np.full(n_a, 1 / n_a), np.full(n_b, 1 / n_b)])
    if not np.all(np.isfinite(gain)):
        return np.asarray(np.nan, np.asarray(similarity).dtype)
    found = optimize.linprog(-gain.ravel(), A_eq=sparse.vstack([rows, columns]), b_eq=shares, method="highs")
    return np.asarray(-found.fun if found.success else np.nan, np.asarray(similarity).dtype)
