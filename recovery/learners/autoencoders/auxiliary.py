"""The auxiliary loss by which dead atoms are drawn back."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from recovery.learners.autoencoders.training import Weights, mean_squared
from recovery.topk import keep_largest

_WEIGHT = 1 / 32


def auxiliary_loss(
    weights: Weights,
    scores: Float[Array, "batch n_atoms"],
    residual: Float[Array, "batch n_dims"],
    dead: Bool[Array, " n_atoms"],
) -> Float[Array, ""]:
    """1/32 of the squared error of explaining the residual by dead atoms alone, at most n_dims / 2 of them per sample.

    0, and not computed, while no atom is dead. The residual itself is held fixed. Gao et al. 2024.
    """
    target = jax.lax.stop_gradient(residual)

    def missed() -> Float[Array, ""]:
        codes = keep_largest(jnp.where(dead, scores, 0), residual.shape[1] // 2)
        return _WEIGHT * mean_squared(target - codes @ weights.decoder.T)

    return jax.lax.cond(jnp.any(dead), missed, lambda: jnp.zeros((), residual.dtype))
