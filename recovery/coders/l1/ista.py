"""The lasso by the iterative shrinkage-thresholding algorithm."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.l1.lasso import absolute_penalty, check_penalty, relative_gap, soft_threshold, step_size_of
from recovery.iterate import Verdict, blank_non_finite, iterate
from recovery.knowledge import Knowledge
from recovery.solution import Solution

_CHECK_EVERY = 50


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty", "penalty_fraction", "tolerance"],
    meta_fields=["nonnegative", "max_iterations"],
)
@dataclass(frozen=True)
class Ista:
    """min_z 1/2 ||y - A z||^2 + penalty ||z||_1 by proximal gradient steps of size 1 / ||A||^2.

    Give either `penalty` or `penalty_fraction`, a fraction of each sample's lambda_max = max |A^T y| (max A^T y if
    `nonnegative`, which restricts z >= 0); a scalar or one number a sample. A sample has converged when its relative
    duality gap (primal - dual) / (1/2 ||y||^2), which is the residual reported, is at most `tolerance`.

    Daubechies, Defrise & De Mol 2004. It is what FISTA is to be held against, and slow: the gap is looked at every 50
    steps.
    """

    penalty: Float[Array, "..."] | float | None = None
    penalty_fraction: Float[Array, "..."] | float | None = None
    nonnegative: bool = False
    max_iterations: int = 20000
    tolerance: Float[Array, ""] | float = 1e-5

    name: ClassVar[str] = "ista"
    summary: ClassVar[str] = "lasso by proximal gradient without momentum"
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
        step_size = step_size_of(dictionary)

        def step(codes: Array) -> Array:
            descent = (observations - codes @ dictionary.T) @ dictionary
            return soft_threshold(codes + step_size * descent, step_size * penalty, nonnegative=self.nonnegative)

        def judge(codes: Array) -> Verdict:
            gap = relative_gap(dictionary, observations, codes, penalty, nonnegative=self.nonnegative)
            return Verdict(gap, gap <= self.tolerance)

        codes, outcome = iterate(
            step,
            judge,
            jnp.zeros((observations.shape[0], dictionary.shape[1]), observations.dtype),
            n_samples=observations.shape[0],
            max_iterations=self.max_iterations,
            check_every=_CHECK_EVERY,
        )
        codes, outcome = blank_non_finite(codes, outcome)
        return Solution(codes, *outcome)
