"""How well a score tells two kinds of items apart."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.metrics.correlation import ranks


def auroc(
    scores: Float[Array, "n_items n_scores"], positive: Bool[Array, "n_items n_sets"]
) -> Float[Array, "n_scores n_sets"]:
    """Probability that a positive item scores above another, ties counting half: the area under the ROC curve.

    Of every column of scores with every set of positive items. In [0, 1], at chance 1/2 whatever the share of
    positives; below it where the sign is wrong. Invariant to increasing maps of the scores [Hanley1982]. nan where
    there is no positive or no other item, or a score is not finite.
    """
    member = positive.astype(scores.dtype)
    n_positive = jnp.sum(member, axis=0)
    above = ranks(scores).T @ member - (n_positive * (n_positive - 1) / 2)[None, :]
    pairs = n_positive * (scores.shape[0] - n_positive)
    usable = (pairs > 0)[None, :] & jnp.all(jnp.isfinite(scores), axis=0)[:, None]
    return jnp.where(usable, above / jnp.where(pairs > 0, pairs, 1)[None, :], jnp.nan)
