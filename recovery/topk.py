"""The k largest entries of each row, k traced."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def keep_largest(
    values: Float[Array, "n_samples n_latents"], k: Int[Array, ""] | int
) -> Float[Array, "n_samples n_latents"]:
    """`values` with all but the k largest positive entries of each row set to 0.

    The threshold is found by bisection down to one part in 2^24 (float32; 2^53 in float64) of the row's maximum,
    because sorting is slow on CPUs and needs a static k. Entries tied at the threshold, to that precision, are all
    dropped: a row keeps at most k entries.
    """
    return jnp.where(values > kth_threshold(values, k)[:, None], values, 0)


def kth_threshold(values: Float[Array, "n_samples n_latents"], k: Int[Array, ""] | int) -> Float[Array, " n_samples"]:
    """A threshold >= 0 that at most k entries of a row exceed: its (k + 1)-th largest entry, or 0 if not positive."""
    values = jax.lax.stop_gradient(values)
    high = jnp.maximum(jnp.max(values, axis=1), 0)

    def halve(_: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        too_many = jnp.sum(values > middle[:, None], axis=1) > k
        return jnp.where(too_many, middle, low), jnp.where(too_many, high, middle)

    few = jnp.sum(values > 0, axis=1) <= k
    bits = jnp.finfo(values.dtype).nmant + 1
    _, high = jax.lax.fori_loop(0, bits, halve, (jnp.zeros_like(high), high))
    return jnp.where(few, 0, high)
