"""A linear classifier: how much of the labels can be read off a representation."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class SoftmaxProbe:
    """argmax over classes of x W + b. `gradient` is the largest entry of the gradient left: how far it is fitted."""

    weights: Float[Array, "n_features n_classes"]
    bias: Float[Array, " n_classes"]
    gradient: Float[Array, ""]

    def predict(self, features: Float[Array, "*s n_features"]) -> Int[Array, "*s"]:
        """The most probable class of each item."""
        return jnp.argmax(features @ self.weights + jnp.expand_dims(self.bias, range(features.ndim - 1)), axis=-1)


def fit_softmax_probe(
    features: Float[Array, "n_items n_features"],
    labels: Int[Array, " n_items"],
    importance: Float[Array, " n_items"] | None = None,
    *,
    n_classes: int,
    penalty: Float[Array, ""] | float = 1e-2,
    n_steps: int = 300,
) -> SoftmaxProbe:
    """Multinomial logistic regression: min over W, b of a mean of -log p(label | x) + penalty / 2 ||W||^2.

    The mean is weighted by `importance` (all alike without it), so that a subset of the labels is a vector of zeros and
    ones. Solved by `n_steps` accelerated gradient steps of length 1 / L, restarted where the momentum points uphill.
    Scale the features first: the penalty sees their units, and the steps their condition.
    """
    weight = jnp.ones_like(features[:, 0]) if importance is None else importance
    weight = weight / jnp.sum(weight)
    extended = jnp.concatenate([features, jnp.ones_like(features[:, :1])], axis=1)
    target = jax.nn.one_hot(labels, n_classes, dtype=features.dtype)
    shrink = jnp.full((extended.shape[1], 1), penalty, features.dtype).at[-1].set(0)
    # The softmax's Hessian is at most half the identity.
    curvature = 0.5 * jnp.linalg.eigvalsh(extended.T @ (weight[:, None] * extended))[-1] + penalty

    def gradient(coefficients: Array) -> Array:
        residual = jax.nn.softmax(extended @ coefficients, axis=1) - target
        return extended.T @ (weight[:, None] * residual) + shrink * coefficients

    def step(_: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        coefficients, extrapolated, momentum = state
        slope = gradient(extrapolated)
        new = extrapolated - slope / curvature
        momentum = jnp.where(jnp.sum(slope * (new - coefficients)) > 0, 1, momentum)
        following = 0.5 * (1 + jnp.sqrt(1 + 4 * momentum**2))
        return new, new + (momentum - 1) / following * (new - coefficients), following

    start = jnp.zeros((extended.shape[1], n_classes), features.dtype)
    found, _, _ = jax.lax.fori_loop(0, n_steps, step, (start, start, jnp.ones((), features.dtype)))
    return SoftmaxProbe(found[:-1], found[-1], jnp.max(jnp.abs(gradient(found))))
