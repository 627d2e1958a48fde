"""Self-supervised classification in which every training sample is a class of its own."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from toymodels.objectives.cross_entropy import class_loss
from toymodels.objectives.heads import unit_features


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class InstanceHead:
    """A direction per instance, and the logarithm of the scale of their cosines with a feature."""

    directions: Float[Array, "n_instances n_dims"]
    log_scale: Float[Array, ""]

    @classmethod
    def draw(cls, key: PRNGKeyArray, *, n_instances: int, n_dims: int, scale: float = 10.0) -> "InstanceHead":
        """Standard normal directions, of which the length has no part in the loss, and the given scale."""
        directions = jax.random.normal(key, (n_instances, n_dims))
        return cls(directions, jnp.log(jnp.asarray(scale, directions.dtype)))


def loss(
    head: InstanceHead, features: Float[Array, "n_samples n_dims"], instances: Int[Array, " n_samples"]
) -> Float[Array, ""]:
    """Mean of -log p(instance | y), with p(i | y) proportional to exp(s <w_i / |w_i|, y / |y|>).

    DIET (Ibrahim et al. 2024): the label is the index of the sample whose augmentation is seen. If augmentations are
    von Mises-Fisher about the sample's latent, the features of the minimum are the latents up to a rotation (Reizinger
    et al. 2024, with directions and features of unit norm).

    Args:
        head: the directions w_i and log s.
        features: y of augmented samples, one a row; scaled to unit norm here.
        instances: which sample each is an augmentation of.

    Returns:
        The loss, a scalar.
    """
    cosines = unit_features(features) @ unit_features(head.directions).T
    return class_loss(jnp.exp(head.log_scale) * cosines, instances)
