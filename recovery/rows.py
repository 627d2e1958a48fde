"""Reductions of rows that XLA vectorises on CPUs; the plain ones take several times as long."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def row_sum(values: Float[Array, "*batch n"]) -> Float[Array, "*batch"]:
    """The sum of each row, as a product with ones: a plain sum keeps its order, one addition after another."""
    return jnp.matmul(values, jnp.ones(values.shape[-1], values.dtype), precision="highest")


def row_norm(values: Float[Array, "*batch n"]) -> Float[Array, "*batch"]:
    """The l2 norm of each row."""
    return jnp.sqrt(row_sum(values**2))


def largest_entry(values: Float[Array, "n_samples n"]) -> tuple[Int[Array, " n_samples"], Float[Array, " n_samples"]]:
    """The place of each row's largest entry, the first of equal ones, and the entry; place 0 where a row has a NaN.

    Two plain reductions in place of `argmax`, which carries places along.
    """
    largest = jnp.max(values, axis=1)
    places, n = jnp.arange(values.shape[1], dtype=jnp.int32), values.shape[1]
    first = jnp.min(jnp.where(values >= largest[:, None], places, n), axis=1)
    return jnp.where(first == n, 0, first), largest
