"""How alike the items are on which an atom is active."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.metrics.dictionary_similarity import unit_columns


def monosemanticity(
    codes: Float[Array, "n_items n_atoms"], embedding: Float[Array, "n_items n_features"]
) -> Float[Array, " n_atoms"]:
    """Monosemanticity score [Pach2025]: mean cosine of pairs of items, weighted by the atom's codes on both.

    sum_{n<m} a_n a_m cos(e_n, e_m) / sum_{n<m} a_n a_m, with a the atom's codes scaled to [0, 1] over the items (least
    to 0, greatest to 1). In [-1, 1]. Invariant to shift and positive scale of an atom's codes, and to rotation and
    scale of the embedding. Chance is `mean_cosine` of the embedding, which is well above 0 where embeddings share a
    direction. Linear in the number of items. nan for a constant atom, or one that is above its least on one item only.
    """
    low, high = jnp.min(codes, axis=0, keepdims=True), jnp.max(codes, axis=0, keepdims=True)
    weights = jnp.where(high > low, (codes - low) / jnp.where(high > low, high - low, 1), 0)
    unit = unit_columns(embedding.T).T
    # Sums over pairs as squares of sums, less each item with itself.
    own = jnp.sum(unit**2, axis=1)
    together = jnp.sum((unit.T @ weights) ** 2, axis=0) - own @ weights**2
    pairs = jnp.sum(weights, axis=0) ** 2 - jnp.sum(weights**2, axis=0)
    rounding = jnp.finfo(codes.dtype).eps * jnp.sum(weights, axis=0) ** 2
    return jnp.where(pairs > 10 * rounding, together / jnp.where(pairs > 0, pairs, 1), jnp.nan)


def mean_cosine(embedding: Float[Array, "n_items n_features"]) -> Float[Array, ""]:
    """Mean cosine over all pairs of different items: the score of an atom that is equally active on all."""
    unit = unit_columns(embedding.T).T
    n_items = unit.shape[0]
    return (jnp.sum(jnp.sum(unit, axis=0) ** 2) - jnp.sum(unit**2)) / (n_items * (n_items - 1))
