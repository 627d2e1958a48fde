"""The encoder of a TopK sparse autoencoder."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.encoders.one_pass import one_pass_solution
from recovery.solution import Solution
from recovery.topk import keep_largest


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "bias", "centre", "n_active"], meta_fields=[])
@dataclass(frozen=True)
class TopKEncoder:
    """z = the `n_active` largest positive entries of (y - centre) W + b, the others 0.

    The dictionary is used for the residual ||y - A z|| / ||y|| alone, which leaves the decoder's `centre` out.
    """

    weights: Float[Array, "n_dims n_atoms"]
    bias: Float[Array, " n_atoms"]
    centre: Float[Array, " n_dims"]
    n_active: Int[Array, ""] | int

    name: ClassVar[str] = "topk-encoder"
    summary: ClassVar[str] = "the encoder of a TopK sparse autoencoder"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_atoms"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        scores = (observations - self.centre[None, :]) @ self.weights + self.bias[None, :]
        return one_pass_solution(dictionary, observations, keep_largest(scores, self.n_active))
