"""Uniformly random supports of a given size, which may be traced and differ from row to row."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Int, PRNGKeyArray, UInt32


def uniform_support(
    key: PRNGKeyArray,
    n_samples: int,
    n_latents: int,
    n_active: Int[ArrayLike, "*n_samples"],
    allowed: Bool[Array, "n_samples n_latents"] | None = None,
) -> Bool[Array, "n_samples n_latents"]:
    """Select ``n_active`` entries of each row, every subset (of the allowed ones) as likely as every other.

    The largest of random words are taken; equal words go to the left one. ``n_active`` is one number or one per
    row, and at most the number of allowed entries.
    """
    words = jax.random.bits(key, (n_samples, n_latents), jnp.uint32)
    if allowed is not None:
        words = jnp.where(allowed, words | 1, 0)
    n_active = jnp.broadcast_to(jnp.asarray(n_active, jnp.int32), (n_samples,))
    threshold = _kth_largest(words, n_active)[:, None]
    above = words > threshold
    tied = words == threshold
    missing = n_active[:, None] - jnp.sum(above, axis=1, keepdims=True, dtype=jnp.int32)
    return above | (tied & (jnp.cumsum(tied, axis=1, dtype=jnp.int32) <= missing))


def _kth_largest(
    words: UInt32[Array, "n_samples n_latents"], k: Int[Array, " n_samples"]
) -> UInt32[Array, " n_samples"]:
    """The k-th largest word of each row, found bit by bit from the top: a sort would fix k, or cost far more."""

    def refine(step, threshold):
        candidate = threshold | (jnp.uint32(1) << (31 - step).astype(jnp.uint32))
        enough = jnp.sum(words >= candidate[:, None], axis=1, dtype=jnp.int32) >= k
        return jnp.where(enough, candidate, threshold)

    return jax.lax.fori_loop(0, 32, refine, jnp.zeros(words.shape[0], jnp.uint32))
