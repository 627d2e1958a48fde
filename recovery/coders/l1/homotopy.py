"""The lasso by homotopy."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
from jaxtyping import Array

from recovery.blocks import in_blocks
from recovery.coders.l1.lasso import relative_gap
from recovery.coders.l1.lasso_coder import DATA_FIELDS, META_FIELDS, LassoCoder
from recovery.coders.l1.path import PathState, follow
from recovery.iterate import Outcome


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Homotopy(LassoCoder):
    """min_z 1/2 ||y - A z||^2 + penalty ||z||_1 by its piecewise linear path, exact but for rounding.

    Penalty, sign, tolerance and residual: `LassoCoder`.
    Iterations are knots of the path. One that ends above the tolerance is reported as `MAX_ITERATIONS`: in float32, or
    with atoms that are nearly dependent, the active set can go astray.

    Osborne, Presnell & Turlach 2000; with the name LARS, Efron, Hastie, Johnstone & Tibshirani 2004.
    """

    max_iterations: int = 500

    name: ClassVar[str] = "homotopy"
    summary: ClassVar[str] = "lasso by following its solution path from lambda_max down (LARS with removals)"

    def _solve(self, dictionary: Array, observations: Array, penalty: Array) -> tuple[Array, Outcome]:
        return in_blocks(self._followed, dictionary, observations, penalty)

    def _followed(self, dictionary: Array, observations: Array, penalty: Array) -> tuple[Array, Outcome]:
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
        return state.codes, outcome
