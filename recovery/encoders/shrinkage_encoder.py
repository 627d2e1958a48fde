"""One linear layer and a threshold."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.encoders.one_pass import one_pass_solution
from recovery.encoders.shrinkage import shrink
from recovery.solution import Solution


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "thresholds"], meta_fields=["nonnegative"])
@dataclass(frozen=True)
class ShrinkageEncoder:
    """z = relu(y W - t) if `nonnegative`, else y W soft-thresholded by t: one matrix product.

    The signed form is odd in y, so it has no place for an offset; codes of symmetric sign need none. The dictionary is
    used for the residual ||y - A z|| / ||y|| alone.
    """

    weights: Float[Array, "n_dims n_latents"]
    thresholds: Float[Array, " n_latents"]
    nonnegative: bool

    name: ClassVar[str] = "shrinkage-encoder"
    summary: ClassVar[str] = "one linear layer, then a ReLU or a soft threshold"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        return one_pass_solution(dictionary, observations, self.encode(observations))

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]:
        return shrink(observations @ self.weights, self.thresholds, nonnegative=self.nonnegative)

    def in_units(self, *, observation: Float[Array, ""], code: Float[Array, ""]) -> Self:
        """The encoder of data whose observations and codes are larger by these factors."""
        return type(self)(self.weights * (code / observation), self.thresholds * code, self.nonnegative)
