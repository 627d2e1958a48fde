"""Dictionaries at a given distance from another."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def near_dictionary(
    key: PRNGKeyArray, dictionary: Float[Array, "n_dims n_latents"], *, cosine: Float[Array, ""] | float
) -> Float[Array, "n_dims n_latents"]:
    """Unit columns that have the given cosine with the unit columns of a dictionary, in random directions.

    Where a learner ends that starts here tells whether the truth holds it: a failure of the search, or of the samples.
    """
    away = jax.random.normal(key, dictionary.shape, dictionary.dtype)
    away = away - dictionary * jnp.sum(away * dictionary, axis=0, keepdims=True)
    away = away / jnp.linalg.norm(away, axis=0, keepdims=True)
    return cosine * dictionary + jnp.sqrt(1 - jnp.asarray(cosine, dictionary.dtype) ** 2) * away
