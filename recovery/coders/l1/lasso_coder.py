"""What the coders of the lasso share: how its penalty is given, and how a solve is judged."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.blocks import in_blocks
from recovery.coder import ResidualKind
from recovery.coders.l1.lasso import largest_penalty, relative_gap
from recovery.iterate import Outcome, Verdict, conclude
from recovery.knowledge import Knowledge
from recovery.scale import scale_of
from recovery.solution import Solution

DATA_FIELDS = ("penalty", "penalty_fraction", "tolerance")
_AT_ONCE = 8
"""Blocks whose samples are brought together as they end; what is kept for each bounds the memory."""
META_FIELDS = ("nonnegative", "max_iterations")


@dataclass(frozen=True)
class LassoCoder(ABC):
    """A coder of min_z 1/2 ||y - A z||^2 + penalty ||z||_1 per sample, and z >= 0 if `nonnegative`.

    Give one of `penalty`, in the units of A^T y, and `penalty_fraction`, a fraction of lambda_max = max |A^T y| (max
    A^T y if `nonnegative`) of each sample; either is a scalar or one value a sample. Columns need not have unit norm.
    The residual reported, and held against `tolerance`, is (primal - dual) / (1/2 ||y||^2) with the dual point obtained
    by scaling y - A z into the feasible set. Raises ValueError unless exactly one penalty is given.
    """

    penalty: Float[Array, "..."] | float | None = None
    penalty_fraction: Float[Array, "..."] | float | None = None
    nonnegative: bool = False
    max_iterations: int = 2000
    tolerance: Float[Array, ""] | float = 1e-5

    residual_kind: ClassVar[ResidualKind] = "duality_gap"
    solves: ClassVar[str | None] = "lasso"

    def __post_init__(self) -> None:
        if (self.penalty is None) == (self.penalty_fraction is None):
            raise ValueError("give exactly one of penalty and penalty_fraction")
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, got {self.max_iterations}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(penalty=knowledge.penalty, nonnegative=knowledge.nonnegative)

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        penalty = self.absolute_penalty(dictionary, observations)
        scale = scale_of(observations)
        codes, outcome = in_blocks(
            self._solve, dictionary, observations / scale[:, None], penalty / scale, at_once=_AT_ONCE
        )
        return conclude(codes * scale[:, None], outcome)

    def absolute_penalty(
        self, dictionary: Float[Array, "n_dims n_latents"], observations: Float[Array, "n_samples n_dims"]
    ) -> Float[Array, " n_samples"]:
        """The penalty of each sample in the units of A^T y: what a judge needs to recompute the gap."""
        n_samples, dtype = observations.shape[0], observations.dtype
        if self.penalty_fraction is None:
            return jnp.broadcast_to(jnp.asarray(self.penalty, dtype), (n_samples,))
        largest = largest_penalty(dictionary, observations, nonnegative=self.nonnegative)
        return jnp.asarray(self.penalty_fraction, dtype) * largest

    def _judge(self, dictionary: Array, observations: Array, codes: Array, penalty: Array) -> Verdict:
        gap = relative_gap(dictionary, observations, codes, penalty, nonnegative=self.nonnegative)
        return Verdict(gap, gap <= self.tolerance)

    @abstractmethod
    def _solve(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        penalty: Float[Array, " n_samples"],
    ) -> tuple[Float[Array, "n_samples n_latents"], Outcome]: ...
