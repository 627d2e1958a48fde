"""Mutual coherence of a dictionary."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.metrics.dictionary_similarity import absolute_cosine


def coherence(
    dictionary: Float[Array, "n_dims n_latents"], *, mask: Bool[Array, " n_latents"] | None = None
) -> Float[Array, ""]:
    """Largest |cosine| of two different columns that `mask` includes (all by default); 0 for fewer than two.

    A zero column has cosine 0 with every other. Leave out, by `mask`, columns that a trained network keeps near zero:
    their directions are noise.
    """
    cosine = absolute_cosine(dictionary, dictionary)
    counted = jnp.ones(dictionary.shape[1], bool) if mask is None else mask
    pairs = counted[:, None] & counted[None, :] & ~jnp.eye(dictionary.shape[1], dtype=bool)
    return jnp.max(jnp.where(pairs, cosine, 0), initial=0.0)
