"""The encoder of a TopK sparse autoencoder."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
from jaxtyping import Array, Float, Int

from recovery.encoders.one_pass import OnePass
from recovery.topk import keep_largest


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "bias", "centre", "n_active"], meta_fields=[])
@dataclass(frozen=True)
class TopKEncoder(OnePass):
    """z = the `n_active` largest positive entries of (y - centre) W + b, the others 0.

    The residual leaves the decoder's `centre` out.
    """

    weights: Float[Array, "n_dims n_atoms"]
    bias: Float[Array, " n_atoms"]
    centre: Float[Array, " n_dims"]
    n_active: Int[Array, ""] | Float[Array, ""] | float

    name: ClassVar[str] = "topk-encoder"
    summary: ClassVar[str] = "the encoder of a TopK sparse autoencoder"

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_atoms"]:
        scores = (observations - self.centre[None, :]) @ self.weights + self.bias[None, :]
        return keep_largest(scores, self.n_active)
