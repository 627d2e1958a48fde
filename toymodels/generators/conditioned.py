"""Random matrices whose condition number is chosen."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.mixing.orthogonal import orthogonal_dictionary


def conditioned_matrix(
    key: PRNGKeyArray, *, n_rows: int, n_columns: int, condition_number: Float[ArrayLike, ""]
) -> Float[Array, "n_rows n_columns"]:
    """Draw U diag(s) V^T with U and V uniformly random and s from c^(-1/2) to c^(1/2) in equal ratios.

    The condition number is c, and the product of the singular values 1, whatever the draw.

    Args:
        key: the only source of randomness.
        n_rows: at least `n_columns`, so that the map is injective.
        n_columns: number of columns.
        condition_number: c >= 1; may be traced. Of a single column it is 1.

    Returns:
        The matrix, in JAX's default floating dtype.

    Raises:
        ValueError: if there are fewer rows than columns, or a concrete condition number is below 1.
    """
    if n_rows < n_columns:
        raise ValueError(f"n_rows must be at least n_columns, got {n_rows} and {n_columns}")
    if isinstance(condition_number, int | float) and not 1 <= condition_number < float("inf"):
        raise ValueError(f"condition_number must be at least 1 and finite, got {condition_number}")
    left_key, right_key = jax.random.split(key)
    left = orthogonal_dictionary(left_key, n_dims=n_rows, n_latents=n_columns)
    right = orthogonal_dictionary(right_key, n_dims=n_columns, n_latents=n_columns)
    # A single column has one singular value, and that is 1.
    exponents = jnp.linspace(-0.5, 0.5, n_columns) if n_columns > 1 else jnp.zeros(1)
    values = jnp.asarray(condition_number, left.dtype) ** exponents.astype(left.dtype)
    return (left * values[None, :]) @ right.T
