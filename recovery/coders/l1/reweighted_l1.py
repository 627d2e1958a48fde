"""Reweighted l1 minimisation."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.l1.fista import cold_start, fista_step
from recovery.coders.l1.lasso import absolute_penalty, check_penalty, relative_gap, step_size_of
from recovery.iterate import Outcome, Verdict, blank_non_finite, iterate
from recovery.knowledge import Knowledge
from recovery.solution import Solution

_CHECK_EVERY = 10
_FLOOR = 0.1


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty", "penalty_fraction", "tolerance"],
    meta_fields=["nonnegative", "n_rounds", "max_iterations"],
)
@dataclass(frozen=True)
class ReweightedL1:
    """min_z 1/2 ||y - A z||^2 + penalty sum_i w_i |z_i|, w_i = floor / (|z_i| + floor) from the round before.

    The first round is the lasso, `n_rounds` more follow, each solved by FISTA from the last codes to the tolerance or
    for `max_iterations` steps. The floor is a tenth of each sample's largest code in the first round. The residual
    reported is the relative duality gap of the last round's convex problem, whose weights `weights_of` gives.

    Give either `penalty` or `penalty_fraction`, a fraction of each sample's lambda_max = max |A^T y| (max A^T y if
    `nonnegative`, which restricts z >= 0); a scalar or one number a sample.

    Candes, Wakin & Boyd 2008, for the lasso in place of the equality constraint.
    """

    penalty: Float[Array, "..."] | float | None = None
    penalty_fraction: Float[Array, "..."] | float | None = None
    nonnegative: bool = False
    n_rounds: int = 3
    max_iterations: int = 2000
    tolerance: Float[Array, ""] | float = 1e-5

    name: ClassVar[str] = "reweighted-l1"
    summary: ClassVar[str] = "lasso solved again with penalties that spare what was large before"
    residual_kind: ClassVar[ResidualKind] = "duality_gap"

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
        step_size = step_size_of(dictionary)

        def solve(codes: Array, weights: Array) -> tuple[Array, Outcome]:
            penalties = penalty[:, None] * weights
            state, outcome = iterate(
                lambda s: fista_step(s, dictionary, observations, penalties, step_size, nonnegative=self.nonnegative),
                lambda s: self._judge(dictionary, observations, s.codes, penalties),
                cold_start(codes),
                n_samples=observations.shape[0],
                max_iterations=self.max_iterations,
                check_every=_CHECK_EVERY,
            )
            return state.codes, outcome

        codes = jnp.zeros((observations.shape[0], dictionary.shape[1]), observations.dtype)
        codes, outcome = solve(codes, jnp.ones_like(codes))
        floor = _FLOOR * jnp.max(jnp.abs(codes), axis=1, keepdims=True)

        def again(_: Array, carried: tuple[Array, Outcome]) -> tuple[Array, Outcome]:
            codes, outcome = carried
            new, latest = solve(codes, weights_of(codes, floor))
            return new, latest._replace(iterations=outcome.iterations + latest.iterations)

        codes, outcome = jax.lax.fori_loop(0, self.n_rounds, again, (codes, outcome))
        codes, outcome = blank_non_finite(codes, outcome)
        return Solution(codes, *outcome)

    def _judge(self, dictionary: Array, observations: Array, codes: Array, penalties: Array) -> Verdict:
        gap = relative_gap(dictionary, observations, codes, penalties, nonnegative=self.nonnegative)
        return Verdict(gap, gap <= self.tolerance)


def weights_of(
    codes: Float[Array, "n_samples n_latents"], floor: Float[Array, "n_samples 1"]
) -> Float[Array, "n_samples n_latents"]:
    """floor / (|z| + floor): 1 for what is zero, small for what is large; 1 everywhere where nothing is found."""
    return jnp.where(floor > 0, floor / (jnp.abs(codes) + jnp.where(floor > 0, floor, 1)), 1)
