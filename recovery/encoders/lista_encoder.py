"""ISTA unrolled into a network."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
from jaxtyping import Array, Float

from recovery.encoders.one_pass import OnePass
from recovery.encoders.shrinkage import shrink


@partial(
    jax.tree_util.register_dataclass, data_fields=["weights", "lateral", "thresholds"], meta_fields=["nonnegative"]
)
@dataclass(frozen=True)
class ListaEncoder(OnePass):
    """z_0 = 0 and z_t = shrink(y W + z_{t-1} S, thresholds[t]), one step a layer; the codes are the last z.

    shrink is the soft threshold, or relu(v - threshold) if `nonnegative`. With W = A / L, S = I - A^T A / L and
    thresholds of penalty / L these are the steps of ISTA for the lasso (L the largest eigenvalue of A^T A). W and S are
    shared by the layers (Gregor & LeCun 2010).
    """

    weights: Float[Array, "n_dims n_latents"]
    lateral: Float[Array, "n_latents n_latents"]
    thresholds: Float[Array, "n_layers n_latents"]
    nonnegative: bool

    name: ClassVar[str] = "lista-encoder"
    summary: ClassVar[str] = "ISTA unrolled into layers whose weights something else has trained"

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]:
        drive = observations @ self.weights

        def layer(codes: Array, thresholds: Array) -> tuple[Array, None]:
            return shrink(drive + codes @ self.lateral, thresholds, nonnegative=self.nonnegative), None

        first = shrink(drive, self.thresholds[0], nonnegative=self.nonnegative)
        return jax.lax.scan(layer, first, self.thresholds[1:])[0]

    def in_units(self, *, observation: Float[Array, ""], code: Float[Array, ""]) -> Self:
        """The encoder of data whose observations and codes are larger by these factors."""
        return type(self)(self.weights * (code / observation), self.lateral, self.thresholds * code, self.nonnegative)
