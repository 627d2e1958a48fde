"""Supervised classification."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from toymodels.objectives.heads import LinearHead


def loss(
    head: LinearHead,
    features: Float[Array, "n_samples n_dims"],
    labels: Int[Array, " n_samples"],
    *,
    n_classes: Int[ArrayLike, ""] | None = None,
) -> Float[Array, ""]:
    """Mean cross-entropy -log p(label | y), with p(c | y) proportional to exp((W y + b)_c).

    Where the labels' true posterior is proportional to exp(<v_c, z> + a_c) and the differences of the v_c span the
    latent space, the minimum over all f has W f(g(z)) = V z up to an offset: the representation of M >= N dimensions
    holds z up to an affine map (Reizinger et al. 2024).

    Args:
        head: W and b.
        features: y, one sample a row.
        labels: the class of each sample.
        n_classes: classes that there are, the first of the head's outputs; may be traced. None takes all.

    Returns:
        The loss, a scalar.
    """
    return class_loss(head(features), labels, n_classes)


def class_loss(
    logits: Float[Array, "n_samples n_outputs"],
    labels: Int[Array, " n_samples"],
    n_classes: Int[ArrayLike, ""] | None = None,
) -> Float[Array, ""]:
    """Mean cross-entropy of the labels under a softmax over the first `n_classes` logits."""
    if n_classes is not None:
        logits = jnp.where(jnp.arange(logits.shape[1])[None, :] < n_classes, logits, -jnp.inf)
    chosen = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen)
