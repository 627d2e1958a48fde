"""Latents that are active independently of each other, whatever their magnitude."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.latents.magnitudes import find_magnitude, random_signs, unit_interval


def bernoulli(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_latents: int,
    density: Float[ArrayLike, ""],
    magnitude: str = "uniform",
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes whose every entry is non-zero with probability ``density``, and then of the given magnitude.

    With m1 and m2 the magnitude's first two moments an entry has mean density m1 and second moment density m2.
    One 32-bit word decides whether an entry is active, how large it is and its sign: given u < density, u / density
    is itself uniform. An active entry therefore has about density 2^32 levels.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_latents: number of columns N.
        density: probability in [0, 1] that a latent is active; may be traced. It also gives the floating dtype.
        magnitude: a name in ``MAGNITUDES``.

    Returns:
        Codes, one sample a row.

    Raises:
        ValueError: if there is no such magnitude.
    """
    kind = find_magnitude(magnitude)
    density = jnp.asarray(density)
    dtype = jnp.result_type(density, float)
    words = jax.random.bits(key, (n_samples, n_latents), jnp.uint32)
    share = unit_interval(words, dtype)
    active = share < density
    value = kind.of_uniform(jnp.where(active, share / density, jnp.ones((), dtype)))
    if kind.signed:
        value = value * random_signs(words, dtype)
    return jnp.where(active, value, jnp.zeros((), dtype))
