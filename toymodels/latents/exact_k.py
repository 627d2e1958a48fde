"""Latents of which exactly K are active in every sample."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, UInt32


def exact_k(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_latents: int,
    n_active: Int[ArrayLike, ""],
    nonnegative: Bool[ArrayLike, ""] = False,
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes with exactly ``n_active`` non-zero entries a sample, on uniformly random supports.

    Active entries are standard normal, or the absolute value of a standard normal where ``nonnegative``. Both
    arguments may be traced, so that a whole grid over sparsity and sign is one compiled program.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_latents: number of columns N.
        n_active: active latents per sample K; below 0 counts as 0, above ``n_latents`` as ``n_latents``.
        nonnegative: whether the active entries are made positive.

    Returns:
        Codes, one sample a row, in JAX's default floating dtype.
    """
    support_key, amplitude_key = jax.random.split(key)
    support = _uniform_support(support_key, n_samples, n_latents, n_active)
    amplitude = jax.random.normal(amplitude_key, (n_samples, n_latents))
    amplitude = jnp.where(nonnegative, jnp.abs(amplitude), amplitude)
    return jnp.where(support, amplitude, 0)


def _uniform_support(
    key: PRNGKeyArray, n_samples: int, n_latents: int, n_active: Int[ArrayLike, ""]
) -> Bool[Array, "n_samples n_latents"]:
    """Select the ``n_active`` largest of ``n_latents`` random words in each row; equal words go to the left one."""
    words = jax.random.bits(key, (n_samples, n_latents), jnp.uint32)
    threshold = _kth_largest(words, n_active)[:, None]
    above = words > threshold
    tied = words == threshold
    missing = n_active - jnp.sum(above, axis=1, keepdims=True, dtype=jnp.int32)
    return above | (tied & (jnp.cumsum(tied, axis=1, dtype=jnp.int32) <= missing))


def _kth_largest(words: UInt32[Array, "n_samples n_latents"], k: Int[ArrayLike, ""]) -> UInt32[Array, " n_samples"]:
    """The k-th largest word of each row, found bit by bit from the top: a sort would fix k, or cost far more."""

    def refine(step, threshold):
        candidate = threshold | (jnp.uint32(1) << (31 - step).astype(jnp.uint32))
        enough = jnp.sum(words >= candidate[:, None], axis=1, dtype=jnp.int32) >= k
        return jnp.where(enough, candidate, threshold)

    return jax.lax.fori_loop(0, 32, refine, jnp.zeros(words.shape[0], jnp.uint32))
