"""Similarity of two dictionaries, whatever the order, sign and scale of their atoms."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from analysis.metrics.assignment import match, matched_values
from analysis.metrics.mcc import mean_over_pairs


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class DictionarySimilarity:
    """Means over the true atoms that count.

    `matched_cosine` is over one-to-one matched pairs, `max_cosine` over each true atom's nearest estimated atom,
    which several may share. `assignment` holds each true atom's match (-1: none) and `cosine` its |cosine| with it.
    """

    matched_cosine: Float[Array, ""]
    max_cosine: Float[Array, ""]
    assignment: Int[Array, " n_latents"]
    cosine: Float[Array, " n_latents"]


def absolute_cosine(
    truth: Float[Array, "n_dims n_latents"], estimate: Float[Array, "n_dims n_atoms"]
) -> Float[Array, "n_latents n_atoms"]:
    """Return |cosine| of every column of `truth` with every column of `estimate`; 0 for a zero or non-finite column."""
    return jnp.minimum(jnp.abs(unit_columns(truth).T @ unit_columns(estimate)), 1)


def dictionary_similarity(
    truth: Float[Array, "n_dims n_latents"],
    estimate: Float[Array, "n_dims n_atoms"],
    *,
    mask: Bool[Array, " n_latents"] | None = None,
) -> DictionarySimilarity:
    """Compare dictionaries by |cosine| of their atoms, matched one to one, and by the nearest atom [Sharkey2022].

    `mask` sets the true atoms that count (all by default), before matching; L of them make min(L, n_atoms) pairs. A
    zero column has cosine 0 with everything, and counts. nan where L = 0.

    Each score is in [0, 1] and invariant to order, sign and scale of the atoms on either side. Chance is well above 0:
    that of the matched cosine is `analysis.theory.dictionary_chance` (.379 for 512 atoms on 512 in 64 dimensions), that
    of the nearest atom somewhat larger, as atoms may be used twice.
    """
    counted = jnp.ones(truth.shape[1], bool) if mask is None else mask
    similarity = jnp.where(counted[:, None], absolute_cosine(truth, estimate), 0)
    assignment = match(similarity)
    cosine = matched_values(similarity, assignment)
    nearest = jnp.max(similarity, axis=1, initial=0.0)
    return DictionarySimilarity(
        mean_over_pairs(cosine, counted, estimate.shape[1]),
        mean_over_pairs(nearest, counted, truth.shape[1]),
        assignment,
        cosine,
    )


def unit_columns(dictionary: Float[Array, "n_dims n_atoms"]) -> Float[Array, "n_dims n_atoms"]:
    """Scale every column to unit norm; a zero or non-finite column becomes zero."""
    largest = jnp.max(jnp.abs(dictionary), axis=0, keepdims=True)
    usable = jnp.isfinite(largest) & (largest > 0)
    # Scaled by the largest entry first: the square of a tiny one would vanish.
    scaled = jnp.where(usable, dictionary / jnp.where(usable, largest, 1), 0)
    norm: Array = jnp.linalg.norm(scaled, axis=0, keepdims=True)
    return scaled / jnp.where(usable, norm, 1)
