"""The largest entry of each row, faster on CPUs than `argmax`."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def largest_entry(values: Float[Array, "n_samples n"]) -> tuple[Int[Array, " n_samples"], Float[Array, " n_samples"]]:
    """The place of each row's largest entry, the first of equal ones, and the entry; place 0 where a row has a NaN.

    Two plain reductions, which are vectorised; `argmax` carries places along and takes several times as long.
    """
    largest = jnp.max(values, axis=1)
    places, n = jnp.arange(values.shape[1], dtype=jnp.int32), values.shape[1]
    first = jnp.min(jnp.where(values >= largest[:, None], places, n), axis=1)
    return jnp.where(first == n, 0, first), largest
