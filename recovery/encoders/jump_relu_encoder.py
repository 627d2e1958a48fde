"""The encoder of autoencoders that threshold each atom's score."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.encoders.one_pass import OnePass


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "bias", "centre", "thresholds"], meta_fields=[])
@dataclass(frozen=True)
class JumpReluEncoder(OnePass):
    """z = v where v > t and 0 elsewhere, v = (y - centre) W + b: a ReLU that jumps from 0 to t >= 0.

    Thresholds of 0 make it a ReLU. The residual leaves the decoder's `centre` out.
    """

    weights: Float[Array, "n_dims n_atoms"]
    bias: Float[Array, " n_atoms"]
    centre: Float[Array, " n_dims"]
    thresholds: Float[Array, " n_atoms"]

    name: ClassVar[str] = "jump-relu-encoder"
    summary: ClassVar[str] = "one linear layer, kept where it exceeds a threshold per atom"

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_atoms"]:
        scores = (observations - self.centre[None, :]) @ self.weights + self.bias[None, :]
        return jnp.where(scores > self.thresholds[None, :], scores, 0)
