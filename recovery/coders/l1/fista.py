"""The lasso by accelerated proximal gradient steps."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.l1.lasso import absolute_penalty, check_penalty, relative_gap, soft_threshold, step_size_of
from recovery.iterate import Verdict, blank_non_finite, iterate
from recovery.knowledge import Knowledge
from recovery.solution import Solution

_CHECK_EVERY = 10


class FistaState(NamedTuple):
    codes: Float[Array, "n_samples n_latents"]
    extrapolated: Float[Array, "n_samples n_latents"]
    momentum: Float[Array, " n_samples"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty", "penalty_fraction", "tolerance"],
    meta_fields=["nonnegative", "max_iterations"],
)
@dataclass(frozen=True)
class Fista:
    """min_z 1/2 ||y - A z||^2 + penalty ||z||_1 per sample, and z >= 0 if `nonnegative`.

    Give one of `penalty`, in the units of A^T y, and `penalty_fraction`, a fraction of lambda_max = max |A^T y| (max
    A^T y if `nonnegative`) of each sample; either is a scalar or one value a sample. Columns need not have unit norm.

    The residual reported, and held against `tolerance`, is (primal - dual) / (1/2 ||y||^2) with the dual point
    obtained by scaling y - A z into the feasible set. It is judged every 10 iterations. With a penalty of 0 the gap
    is ||y - A z||^2 / ||y||^2 unless A^T (y - A z) vanishes, so that only observations in the range of A converge.

    FISTA (Beck & Teboulle 2009) with adaptive restart by the gradient scheme (O'Donoghue & Candes 2015), and the step
    1 / ||A||^2. Raises ValueError unless exactly one penalty is given.
    """

    penalty: Float[Array, "..."] | float | None = None
    penalty_fraction: Float[Array, "..."] | float | None = None
    nonnegative: bool = False
    max_iterations: int = 2000
    tolerance: Float[Array, ""] | float = 1e-5

    name: ClassVar[str] = "fista"
    summary: ClassVar[str] = "lasso: squared error plus an l1 penalty, by accelerated proximal gradient"
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
        penalty = self.absolute_penalty(dictionary, observations)
        step_size = step_size_of(dictionary)

        def judge(state: FistaState) -> Verdict:
            gap = relative_gap(dictionary, observations, state.codes, penalty, nonnegative=self.nonnegative)
            return Verdict(gap, gap <= self.tolerance)

        state, outcome = iterate(
            lambda state: fista_step(state, dictionary, observations, penalty, step_size, nonnegative=self.nonnegative),
            judge,
            cold_start(jnp.zeros((observations.shape[0], dictionary.shape[1]), observations.dtype)),
            n_samples=observations.shape[0],
            max_iterations=self.max_iterations,
            check_every=_CHECK_EVERY,
        )
        codes, outcome = blank_non_finite(state.codes, outcome)
        return Solution(codes, *outcome)

    def absolute_penalty(
        self, dictionary: Float[Array, "n_dims n_latents"], observations: Float[Array, "n_samples n_dims"]
    ) -> Float[Array, " n_samples"]:
        """The penalty of each sample in the units of A^T y: what a judge needs to recompute the gap."""
        return absolute_penalty(
            dictionary, observations, self.penalty, self.penalty_fraction, nonnegative=self.nonnegative
        )


def cold_start(codes: Float[Array, "n_samples n_latents"]) -> FistaState:
    """A state at the given codes, without momentum."""
    return FistaState(codes, codes, jnp.ones(codes.shape[0], codes.dtype))


def fista_step(
    state: FistaState,
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    penalty: Float[Array, " n_samples"] | Float[Array, "n_samples n_latents"],
    step_size: Float[Array, ""],
    *,
    nonnegative: bool,
) -> FistaState:
    """One proximal gradient step from the extrapolated point; the momentum restarts where it points uphill."""
    codes, extrapolated, momentum = state
    descent = (observations - extrapolated @ dictionary.T) @ dictionary
    new = soft_threshold(extrapolated + step_size * descent, step_size * penalty, nonnegative=nonnegative)
    uphill = jnp.sum((extrapolated - new) * (new - codes), axis=1) > 0
    momentum = jnp.where(uphill, 1, momentum)
    next_momentum = 0.5 * (1 + jnp.sqrt(1 + 4 * momentum**2))
    carry = (momentum - 1) / next_momentum
    return FistaState(new, new + carry[:, None] * (new - codes), next_momentum)
