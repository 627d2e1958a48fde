"""Gaussian dictionaries whose columns share a direction."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.mixing.gaussian import gaussian_dictionary


def correlated_dictionary(
    key: PRNGKeyArray, *, n_dims: int, n_latents: int, correlation: Float[ArrayLike, ""]
) -> Float[Array, "n_dims n_latents"]:
    """Draw unit columns a_i = sqrt(c) s + sqrt(1 - c) g_i, scaled to norm 1, with g_i and s Gaussian.

    All of them lean towards s: any two have a cosine near c, with a spread of order 1 / sqrt(M).

    Args:
        key: the only source of randomness.
        n_dims: number of rows M.
        n_latents: number of columns N.
        correlation: c in [0, 1]; may be traced. 0 gives the Gaussian dictionary, 1 equal columns.

    Returns:
        The dictionary, in JAX's default floating dtype.
    """
    own_key, shared_key = jax.random.split(key)
    own = gaussian_dictionary(own_key, n_dims=n_dims, n_latents=n_latents, unit_norm=False)
    shared = gaussian_dictionary(shared_key, n_dims=n_dims, n_latents=1, unit_norm=False)
    share = jnp.asarray(correlation, own.dtype)
    dictionary = jnp.sqrt(share) * shared + jnp.sqrt(1 - share) * own
    return dictionary / jnp.linalg.norm(dictionary, axis=0, keepdims=True)
