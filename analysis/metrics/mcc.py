"""Mean correlation coefficient of true and estimated codes."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from analysis.metrics.assignment import match, matched_values
from analysis.metrics.correlation import absolute_correlation, absolute_rank_correlation


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class MeanCorrelation:
    """The mean over the matched pairs that count, and the matching behind it.

    `assignment` holds each true latent's estimate (-1: none), `correlation` the |Pearson correlation| with it and
    `counted` the latents that enter the mean where they have a match.
    """

    mcc: Float[Array, ""]
    assignment: Int[Array, " n_latents"]
    correlation: Float[Array, " n_latents"]
    counted: Bool[Array, " n_latents"]


def mean_correlation(
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_atoms"],
    *,
    mask: Bool[Array, " n_latents"] | None = None,
    rank: bool = False,
) -> MeanCorrelation:
    """Mean over matched pairs of |Pearson correlation|, MCC [HyvarinenMorioka2016]; order, sign and scale don't matter.

    Latents that are constant over these samples (never active) are left out, and those that `mask` sets to False,
    before matching. `rank` correlates ranks (Spearman) instead of values (Pearson). With L latents left the mean is
    over min(L, n_atoms) pairs, so that a dead estimate counts as 0; nan where L = 0. It lies in [0, 1] but has no zero
    point: read it beside its chance level, which is high where samples or dimensions are few
    (`permuted_mean_correlation`), or corrected for it (`chance_corrected`).
    """
    counted = jnp.max(truth, axis=0) > jnp.min(truth, axis=0)
    if mask is not None:
        counted = counted & mask
    correlate = absolute_rank_correlation if rank else absolute_correlation
    similarity = jnp.where(counted[:, None], correlate(truth, estimate), 0)
    assignment = match(similarity)
    correlation = matched_values(similarity, assignment)
    return MeanCorrelation(mean_over_pairs(correlation, counted, estimate.shape[1]), assignment, correlation, counted)


def mean_over_pairs(
    matched: Float[Array, " n_latents"], counted: Bool[Array, " n_latents"], n_atoms: int
) -> Float[Array, ""]:
    """Mean of the matched similarities of the L latents that count, over min(L, n_atoms) pairs; nan where L = 0."""
    n_pairs = jnp.minimum(jnp.count_nonzero(counted), n_atoms)
    total = jnp.sum(jnp.where(counted, matched, 0))
    return jnp.where(n_pairs > 0, total / jnp.maximum(n_pairs, 1).astype(total.dtype), jnp.nan)
