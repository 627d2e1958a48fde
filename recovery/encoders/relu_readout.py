"""A network's own readout as a sparse coder."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.encoders.one_pass import one_pass_solution
from recovery.solution import Solution


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "bias"], meta_fields=[])
@dataclass(frozen=True)
class ReluReadout:
    """z = relu(y W + b): one matrix product, nothing solved.

    The dictionary is used for the residual ||y - A z|| / ||y|| alone. Iterations are 1, and the status is `CONVERGED`
    wherever the numbers are finite. Elhage et al. 2022 for the network whose readout this is.
    """

    weights: Float[Array, "n_dims n_latents"]
    bias: Float[Array, " n_latents"]

    name: ClassVar[str] = "relu-readout"
    summary: ClassVar[str] = "the network's own output layer, relu(W^T h + b)"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        codes = jax.nn.relu(observations @ self.weights + self.bias[None, :])
        return one_pass_solution(dictionary, observations, codes)
