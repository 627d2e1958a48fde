"""A network's own readout as a sparse coder."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
from jaxtyping import Array, Float

from recovery.encoders.one_pass import OnePass


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "bias"], meta_fields=[])
@dataclass(frozen=True)
class ReluReadout(OnePass):
    """z = relu(y W + b): one matrix product, nothing solved.

    Elhage et al. 2022 for the network whose readout this is.
    """

    weights: Float[Array, "n_dims n_latents"]
    bias: Float[Array, " n_latents"]

    name: ClassVar[str] = "relu-readout"
    summary: ClassVar[str] = "the network's own output layer, relu(W^T h + b)"

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]:
        return jax.nn.relu(observations @ self.weights + self.bias[None, :])
