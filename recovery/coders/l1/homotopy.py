"""The lasso by homotopy."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.l1.lasso import absolute_penalty, check_penalty, relative_gap
from recovery.coders.l1.path import PathState, follow
from recovery.iterate import blank_non_finite
from recovery.knowledge import Knowledge
from recovery.solution import Solution


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty", "penalty_fraction", "tolerance"],
    meta_fields=["nonnegative", "max_iterations"],
)
@dataclass(frozen=True)
class Homotopy:
    """min_z 1/2 ||y - A z||^2 + penalty ||z||_1 by its piecewise linear path, exact but for rounding.

    Give either `penalty` or `penalty_fraction`, a fraction of each sample's lambda_max = max |A^T y| (max A^T y if
    `nonnegative`, which restricts z >= 0); a scalar or one number a sample. A sample has converged when its relative
    duality gap (primal - dual) / (1/2 ||y||^2), which is the residual reported, is at most `tolerance`.
    Iterations are knots of the path. One that ends above the tolerance is reported as `MAX_ITERATIONS`: in float32, or
    with atoms that are nearly dependent, the active set can go astray.

    Osborne, Presnell & Turlach 2000; with the name LARS, Efron, Hastie, Johnstone & Tibshirani 2004.
    """

    penalty: Float[Array, "..."] | float | None = None
    penalty_fraction: Float[Array, "..."] | float | None = None
    nonnegative: bool = False
    max_iterations: int = 500
    tolerance: Float[Array, ""] | float = 1e-5

    name: ClassVar[str] = "homotopy"
    summary: ClassVar[str] = "lasso by following its solution path from lambda_max down (LARS with removals)"
    residual_kind: ClassVar[ResidualKind] = "duality_gap"
    solves: ClassVar[str] = "lasso"

    def __post_init__(self) -> None:
        check_penalty(self.penalty, self.penalty_fraction, self.max_iterations)

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
        penalty = absolute_penalty(
            dictionary, observations, self.penalty, self.penalty_fraction, nonnegative=self.nonnegative
        )

        def gap(state: PathState) -> Array:
            return relative_gap(dictionary, observations, state.codes, penalty, nonnegative=self.nonnegative)

        state, outcome = follow(
            dictionary,
            observations,
            lambda state, residual, image: penalty,
            gap,
            self.tolerance,
            nonnegative=self.nonnegative,
            max_iterations=self.max_iterations,
        )
        codes, outcome = blank_non_finite(state.codes, outcome)
        return Solution(codes, *outcome)
