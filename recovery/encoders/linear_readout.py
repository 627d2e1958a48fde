"""A linear readout."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.encoders.one_pass import OnePass


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "bias"], meta_fields=["nonnegative"])
@dataclass(frozen=True)
class LinearReadout(OnePass):
    """z = y W + b, and values below 0 set to 0 if `nonnegative`."""

    weights: Float[Array, "n_dims n_latents"]
    bias: Float[Array, " n_latents"]
    nonnegative: bool

    name: ClassVar[str] = "linear-readout"
    summary: ClassVar[str] = "an affine map of the observations, clipped at 0 where codes are non-negative"

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]:
        codes = observations @ self.weights + self.bias[None, :]
        return jnp.maximum(codes, 0) if self.nonnegative else codes

    def in_units(self, *, observation: Float[Array, ""], code: Float[Array, ""]) -> Self:
        """The readout of data whose observations and codes are larger by these factors."""
        return type(self)(self.weights * (code / observation), self.bias * code, self.nonnegative)
