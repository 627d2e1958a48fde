"""One linear layer and a threshold."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
from jaxtyping import Array, Float

from recovery.encoders.one_pass import OnePass
from recovery.encoders.shrinkage import shrink


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "thresholds"], meta_fields=["nonnegative"])
@dataclass(frozen=True)
class ShrinkageEncoder(OnePass):
    """z = relu(y W - t) if `nonnegative`, else y W soft-thresholded by t: one matrix product.

    The signed form is odd in y, so it has no place for an offset; codes of symmetric sign need none.
    """

    weights: Float[Array, "n_dims n_latents"]
    thresholds: Float[Array, " n_latents"]
    nonnegative: bool

    name: ClassVar[str] = "shrinkage-encoder"
    summary: ClassVar[str] = "one linear layer, then a ReLU or a soft threshold"

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]:
        return shrink(observations @ self.weights, self.thresholds, nonnegative=self.nonnegative)

    def in_units(self, *, observation: Float[Array, ""], code: Float[Array, ""]) -> Self:
        """The encoder of data whose observations and codes are larger by these factors."""
        return type(self)(self.weights * (code / observation), self.thresholds * code, self.nonnegative)
