"""Units of observations that keep squares within the range of floats."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def scale_of(observations: Float[Array, "n_samples n_dims"]) -> Float[Array, " n_samples"]:
    """The power of two next below each sample's largest entry: dividing by it changes no digit. One half for zeros.

    The square of 1e-20 is zero in float32, and a residual of zero looks solved.
    """
    largest = jnp.max(jnp.abs(observations), axis=1)
    return jnp.ldexp(jnp.ones_like(largest), jnp.frexp(largest)[1] - 1)
