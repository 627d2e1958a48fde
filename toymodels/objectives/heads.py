"""What objectives share: a linear head, and features of unit norm."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LinearHead:
    """y -> W y + b, a row of W for each output."""

    weights: Float[Array, "n_outputs n_dims"]
    bias: Float[Array, " n_outputs"]

    @classmethod
    def draw(cls, key: PRNGKeyArray, *, n_outputs: int, n_dims: int) -> "LinearHead":
        """Entries N(0, 1 / n_dims), and a zero bias."""
        weights = jax.random.normal(key, (n_outputs, n_dims)) / n_dims**0.5
        return cls(weights, jnp.zeros(n_outputs, weights.dtype))

    def __call__(self, features: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_outputs"]:
        return features @ self.weights.T + self.bias[None, :]


def unit_features(features: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_dims"]:
    """Each row divided by its Euclidean norm; a row of zeros stays one, and has a gradient of 0."""
    square = jnp.sum(features**2, axis=1, keepdims=True)
    return jnp.where(square > 0, features / jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
