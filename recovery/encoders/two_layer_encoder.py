"""A multi-layer perceptron with one hidden layer."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
from jaxtyping import Array, Float

from recovery.encoders.one_pass import OnePass
from recovery.encoders.shrinkage import shrink


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["hidden_weights", "hidden_bias", "weights", "thresholds"],
    meta_fields=["nonnegative"],
)
@dataclass(frozen=True)
class TwoLayerEncoder(OnePass):
    """h = relu(y W1 + b), then z = relu(h W2 - t) if `nonnegative`, else h W2 soft-thresholded by t."""

    hidden_weights: Float[Array, "n_dims width"]
    hidden_bias: Float[Array, " width"]
    weights: Float[Array, "width n_latents"]
    thresholds: Float[Array, " n_latents"]
    nonnegative: bool

    name: ClassVar[str] = "two-layer-encoder"
    summary: ClassVar[str] = "a hidden ReLU layer, then a ReLU or a soft threshold"

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]:
        hidden = jax.nn.relu(observations @ self.hidden_weights + self.hidden_bias[None, :])
        return shrink(hidden @ self.weights, self.thresholds, nonnegative=self.nonnegative)

    def in_units(self, *, observation: Float[Array, ""], code: Float[Array, ""]) -> Self:
        """The encoder of data whose observations and codes are larger by these factors."""
        return type(self)(
            self.hidden_weights / observation,
            self.hidden_bias,
            self.weights * code,
            self.thresholds * code,
            self.nonnegative,
        )
