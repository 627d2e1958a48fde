"""How well the active latents were told from the inactive ones."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class SupportScores:
    """Precision, recall and F1 of the estimated support, each in [0, 1]."""

    precision: Float[Array, ""]
    recall: Float[Array, ""]
    f1: Float[Array, ""]


def support_scores(
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_latents"],
    *,
    threshold: float | Float[Array, "..."],
    truth_threshold: float | Float[Array, "..."] = 0.0,
) -> SupportScores:
    """Micro-averaged over all entries: an entry is active where its absolute value exceeds its threshold.

    The thresholds are in the codes' units, scalar or broadcasting against them. F1 = 2 TP / (2 TP + FP + FN). Where
    both supports are empty all three are 1; any other 0/0 is 0. A NaN in the estimate counts as inactive.

    Each in [0, 1]. Chance: an estimate whose entries are active with probability q, whatever the truth, has precision
    d and recall q, d the truth's density, and so an F1 of 2 d q / (d + q). Invariant to one order of samples or latents
    in both, to signs, and to a scale of codes and thresholds together [VanRijsbergen1979].
    """
    active, found = jnp.abs(truth) > truth_threshold, jnp.abs(estimate) > threshold
    hits = jnp.count_nonzero(active & found).astype(truth.dtype)
    n_active = jnp.count_nonzero(active).astype(truth.dtype)
    n_found = jnp.count_nonzero(found).astype(truth.dtype)
    both_empty = n_active + n_found == 0
    return SupportScores(
        precision=_ratio(hits, n_found, both_empty),
        recall=_ratio(hits, n_active, both_empty),
        f1=_ratio(2 * hits, n_active + n_found, both_empty),
    )


def exact_support_rate(
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_latents"],
    *,
    threshold: float | Float[Array, "..."],
    truth_threshold: float | Float[Array, "..."] = 0.0,
) -> Float[Array, ""]:
    """Share of the samples whose whole support is right: no latent missed, none too many; nan without samples.

    In [0, 1]; the chance level is next to 0 unless the codes are nearly empty (an empty estimate is right on every
    empty sample). Thresholds and invariances as in `support_scores`; unlike its micro-average, one wrong entry costs
    the sample. The 0-1 loss that information bounds on the support are for [Wainwright2009].
    """
    same = (jnp.abs(truth) > truth_threshold) == (jnp.abs(estimate) > threshold)
    return jnp.mean(jnp.all(same, axis=1).astype(truth.dtype))


def _ratio(numerator: Array, denominator: Array, both_empty: Array) -> Float[Array, ""]:
    return jnp.where(both_empty, 1, numerator / jnp.where(denominator > 0, denominator, 1))
