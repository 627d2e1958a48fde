"""Latents of which exactly K are active in every sample."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from toymodels.latents.magnitudes import find_magnitude
from toymodels.latents.support import uniform_support


def exact_k(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_latents: int,
    n_active: Int[ArrayLike, ""],
    nonnegative: Bool[ArrayLike, ""] = False,
    magnitude: str = "gaussian",
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes with exactly ``n_active`` non-zero entries a sample, on uniformly random supports.

    Active entries are of the given magnitude, or its absolute value where ``nonnegative``. Both arguments may be
    traced, so that a whole grid over sparsity and sign is one compiled program.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_latents: number of columns N.
        n_active: active latents per sample K; below 0 counts as 0, above ``n_latents`` as ``n_latents``.
        nonnegative: whether the active entries are made positive.
        magnitude: a name in ``MAGNITUDES``.

    Returns:
        Codes, one sample a row, in JAX's default floating dtype.

    Raises:
        ValueError: if there is no such magnitude.
    """
    kind = find_magnitude(magnitude)
    support_key, amplitude_key = jax.random.split(key)
    support = uniform_support(support_key, n_samples, n_latents, n_active)
    amplitude = kind.draw(amplitude_key, (n_samples, n_latents), jnp.result_type(float))
    if kind.signed:
        amplitude = jnp.where(nonnegative, jnp.abs(amplitude), amplitude)
    return jnp.where(support, amplitude, 0)
