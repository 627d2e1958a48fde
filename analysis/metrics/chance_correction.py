"""What a matched correlation comes to by chance, and scores corrected for it."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from analysis.metrics.mcc import mean_correlation


def chance_corrected(score: Float[ArrayLike, "*s"], chance: Float[ArrayLike, "*s"]) -> Float[Array, "*s"]:
    """(score - chance) / (1 - chance): 1 for perfect, 0 for chance, below 0 for worse than chance.

    The form of Cohen's kappa and of the adjusted Rand index [HubertArabie1985], for scores whose best value is 1. Where
    chance is 1 nothing can be told apart: nan.
    """
    score, chance = jnp.asarray(score), jnp.asarray(chance)
    room = 1 - chance
    return jnp.where(room > 0, (score - chance) / jnp.where(room > 0, room, 1), jnp.nan)


def permuted_mean_correlation(
    key: PRNGKeyArray,
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_atoms"],
    *,
    n_permutations: int,
    mask: Bool[Array, " n_latents"] | None = None,
    rank: bool = False,
) -> Float[Array, " n_permutations"]:
    """MCC of the truth with the same estimate, its samples in a random order: draws from the chance level.

    Permuting whole samples breaks every tie between truth and estimate but keeps each side's distribution and the
    correlations within it, so that it holds for sparse codes, where `analysis.theory.correlation_chance` is too low.
    Matching is done anew for each permutation. The other arguments are those of `mean_correlation`.
    """

    def one(key: PRNGKeyArray) -> Float[Array, ""]:
        shuffled = jax.random.permutation(key, estimate, axis=0)
        return mean_correlation(truth, shuffled, mask=mask, rank=rank).mcc

    return jax.lax.map(one, jax.random.split(key, n_permutations))
