"""Contrastive learning from positive pairs."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from toymodels.objectives.heads import unit_features


def loss(
    features: Float[Array, "n_samples n_dims"],
    positives: Float[Array, "n_samples n_dims"],
    *,
    scale: Float[ArrayLike, ""],
) -> Float[Array, ""]:
    """Mean over samples of -log exp(s_pp) / sum_q exp(s_pq), s_pq = scale <y_p, y'_q> of unit features.

    The negatives of a sample are the other samples' positives. With latents uniform on the sphere and positives drawn
    from a von Mises-Fisher distribution about them, of concentration `scale`, the minimum of many negatives is reached
    by the latents up to a rotation (Wang & Isola 2020; Zimmermann et al. 2021).

    Args:
        features: y, one sample a row; scaled to unit norm here.
        positives: y' of each sample's partner.
        scale: inverse temperature; may be traced.

    Returns:
        The loss, a scalar.
    """
    similarity = scale * unit_features(features) @ unit_features(positives).T
    return jnp.mean(jax.nn.logsumexp(similarity, axis=1) - jnp.diagonal(similarity))
