"""What every sparse coder returns: one record a batch, one status a sample."""

from dataclasses import dataclass
from enum import IntEnum
from functools import partial

import jax
from jaxtyping import Array, Float, Int


class Status(IntEnum):
    """How a solve ended. `MAX_ITERATIONS` also covers a solve that could not go on: its tolerance was not met."""

    CONVERGED = 0
    MAX_ITERATIONS = 1
    NON_FINITE = 2


@partial(jax.tree_util.register_dataclass, data_fields=["codes", "iterations", "residual", "status"], meta_fields=[])
@dataclass(frozen=True)
class Solution:
    """Codes of a batch of observations, and how far to trust each.

    `residual` is what the coder's `residual_kind` says; `status` holds `Status` values. The codes and the residual of a
    sample whose status is `NON_FINITE` are NaN.
    """

    codes: Float[Array, "n_samples n_latents"]
    iterations: Int[Array, " n_samples"]
    residual: Float[Array, " n_samples"]
    status: Int[Array, " n_samples"]
