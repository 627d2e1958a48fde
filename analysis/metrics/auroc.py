"""How well a score tells two kinds of items apart."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.metrics.correlation import ranks


def auroc(scores: Float[Array, " n_items"], positive: Bool[Array, " n_items"]) -> Float[Array, ""]:
    """Probability that a positive item scores above a negative one, ties counting half: the area under the ROC curve.

    In [0, 1], at chance 1/2 whatever the share of positives; below it where the sign is wrong. Invariant to increasing
    maps of the scores [Hanley1982]. nan where there is no positive or no negative item, or a score is not finite.
    """
    n_positive = jnp.sum(positive)
    n_negative = scores.shape[0] - n_positive
    above = jnp.sum(jnp.where(positive, ranks(scores[:, None])[:, 0], 0)) - n_positive * (n_positive - 1) / 2
    pairs = n_positive * n_negative
    usable = (pairs > 0) & jnp.all(jnp.isfinite(scores))
    return jnp.where(usable, above / jnp.where(pairs > 0, pairs, 1), jnp.nan).astype(scores.dtype)
