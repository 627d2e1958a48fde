"""Supervised regression."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from toymodels.objectives.heads import LinearHead


def loss(
    head: LinearHead, features: Float[Array, "n_samples n_dims"], targets: Float[Array, "n_samples n_outputs"]
) -> Float[Array, ""]:
    """Mean over samples and outputs of (W y + b - t)^2.

    Where the targets' mean is B z + a with B of full column rank, the minimum over all f has W f(g(z)) = B z + a - b.

    Args:
        head: W and b.
        features: y, one sample a row.
        targets: t of each sample.

    Returns:
        The loss, a scalar.
    """
    return jnp.mean((head(features) - targets) ** 2)
