"""The lasso by the alternating direction method of multipliers."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.l1.lasso import absolute_penalty, check_penalty, relative_gap, soft_threshold
from recovery.iterate import Verdict, blank_non_finite, iterate
from recovery.knowledge import Knowledge
from recovery.solution import Solution

_CHECK_EVERY = 10
# How far primal and dual residual may part before the step parameter follows, and by how much it moves.
_IMBALANCE = 10.0
_FACTOR = 2.0
_ADAPTED = 500


class _State(NamedTuple):
    codes: Float[Array, "n_samples n_latents"]
    dual: Float[Array, "n_samples n_latents"]
    weight: Float[Array, " n_samples"]
    n_steps: Int[Array, " n_samples"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty", "penalty_fraction", "tolerance"],
    meta_fields=["nonnegative", "max_iterations"],
)
@dataclass(frozen=True)
class Admm:
    """min_z 1/2 ||y - A x||^2 + penalty ||z||_1 subject to x = z, by ADMM; the codes are z, so exactly sparse.

    Give either `penalty` or `penalty_fraction`, a fraction of each sample's lambda_max = max |A^T y| (max A^T y if
    `nonnegative`, which restricts z >= 0); a scalar or one number a sample. A sample has converged when its relative
    duality gap (primal - dual) / (1/2 ||y||^2), which is the residual reported, is at most `tolerance`.

    x is a ridge regression, solved for every step parameter by one eigendecomposition of A A^T; the parameter follows
    the balance of primal and dual residual, per sample and for the first 500 steps.

    Boyd, Parikh, Chu, Peleato & Eckstein 2011, sections 3.4.1 and 6.4.
    """

    penalty: Float[Array, "..."] | float | None = None
    penalty_fraction: Float[Array, "..."] | float | None = None
    nonnegative: bool = False
    max_iterations: int = 3000
    tolerance: Float[Array, ""] | float = 1e-5

    name: ClassVar[str] = "admm"
    summary: ClassVar[str] = "lasso by ADMM: ridge regression and soft threshold in turn"
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
        values, vectors = jnp.linalg.eigh(dictionary @ dictionary.T)
        # The eigenvectors' images: A^T Q, so that every solve is two products.
        images = dictionary.T @ vectors
        target = observations @ dictionary
        n_samples = observations.shape[0]

        def step(state: _State) -> _State:
            weight = state.weight[:, None]
            right = target + weight * (state.codes - state.dual)
            # (A^T A + w I)^-1 b = (b - A^T Q (w + L)^-1 Q^T A b) / w.
            ridge = (right - ((right @ images) / (weight + values[None, :])) @ images.T) / weight
            codes = soft_threshold(ridge + state.dual, penalty / state.weight, nonnegative=self.nonnegative)
            dual = state.dual + ridge - codes
            primal = jnp.linalg.norm(ridge - codes, axis=1)
            moved = state.weight * jnp.linalg.norm(codes - state.codes, axis=1)
            up, down = primal > _IMBALANCE * moved, moved > _IMBALANCE * primal
            change = jnp.where(up, _FACTOR, jnp.where(down, 1 / _FACTOR, 1.0))
            change = jnp.where((state.n_steps < _ADAPTED) & (state.n_steps % 10 == 9), change, 1.0).astype(dual.dtype)
            return _State(codes, dual / change[:, None], state.weight * change, state.n_steps + 1)

        def judge(state: _State) -> Verdict:
            gap = relative_gap(dictionary, observations, state.codes, penalty, nonnegative=self.nonnegative)
            return Verdict(gap, gap <= self.tolerance)

        zeros = jnp.zeros((n_samples, dictionary.shape[1]), observations.dtype)
        start = jnp.maximum(jnp.mean(values), jnp.finfo(values.dtype).tiny)
        weight = jnp.broadcast_to(jnp.where(jnp.isfinite(start) & (jnp.mean(values) > 0), start, 1), (n_samples,))
        state, outcome = iterate(
            step,
            judge,
            _State(zeros, zeros, weight.astype(zeros.dtype), jnp.zeros(n_samples, jnp.int32)),
            n_samples=n_samples,
            max_iterations=self.max_iterations,
            check_every=_CHECK_EVERY,
        )
        codes, outcome = blank_non_finite(state.codes, outcome)
        return Solution(codes, *outcome)
