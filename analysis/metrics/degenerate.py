"""Atoms that are never used, and atoms that are there twice."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.metrics.dictionary_similarity import absolute_cosine


def dead_atoms(codes: Float[Array, "n_samples n_atoms"], *, threshold: float = 0.0) -> Bool[Array, " n_atoms"]:
    """Return which atoms never exceed `threshold` in magnitude on these samples.

    Their share is in [0, 1]; dictionary learners replace them [Aharon2006]. Invariant to order and sign, and at
    threshold 0 to scale. An atom of density eps is silent on P samples by chance with probability (1 - eps)^P: rare
    atoms need many samples before they count as dead. A code that is not finite counts as used.
    """
    return jnp.all(jnp.abs(codes) <= threshold, axis=0)


def duplicate_atoms(dictionary: Float[Array, "n_dims n_atoms"], *, cosine: float = 0.95) -> Bool[Array, " n_atoms"]:
    """Return which atoms have another one with |cosine| of at least `cosine`; zero atoms have none.

    Their share is in [0, 1]; dictionary learners replace them [Aharon2006]. Invariant to order, sign and scale. Chance:
    two random directions in M dimensions reach it with a probability of order (1 - cosine^2)^((M - 1) / 2), negligible
    but in a handful of dimensions.
    """
    similarity = absolute_cosine(dictionary, dictionary)
    return jnp.any((similarity >= cosine) & ~jnp.eye(dictionary.shape[1], dtype=bool), axis=1)
