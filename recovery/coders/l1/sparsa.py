"""The lasso by proximal gradient steps of Barzilai and Borwein's lengths."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.blocks import iterate_in_blocks
from recovery.coders.l1.lasso import feasible_scale, largest_correlation, relative_gap_at, soft_threshold, step_size_of
from recovery.coders.l1.lasso_coder import DATA_FIELDS, META_FIELDS, LassoCoder
from recovery.iterate import Outcome, Verdict, freeze
from recovery.rows import row_sum

_MEMORY = 10
"""Objectives back to which a step may rise."""
_DECREASE = 0.01
_SHORTER = 4.0
_LONGEST = 1e4
"""In units of the shortest step, 1 / ||A||^2."""
_PENALTY_LEFT = 0.6
"""The penalty starts at, and each step goes down to, this share of the largest correlation."""
_ROUNDING = 8


class _State(NamedTuple):
    codes: Float[Array, "n_samples n_latents"]
    residual: Float[Array, "n_samples n_dims"]
    correlations: Float[Array, "n_samples n_latents"]
    length: Float[Array, " n_samples"]
    penalty: Float[Array, " n_samples"]
    gap: Float[Array, " n_samples"]
    """Of the codes at the penalty asked for, relative."""
    objectives: Float[Array, "n_samples memory"]
    """The last ones at the same penalty, -inf where there were none."""


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Sparsa(LassoCoder):
    """min_z 1/2 ||y - A z||^2 + penalty ||z||_1 per sample, and z >= 0 if `nonnegative`.

    Penalty, sign, tolerance and residual: `LassoCoder`.

    SpaRSA (Wright, Nowak & Figueiredo 2009): proximal gradient steps whose length is Barzilai and Borwein's, ||dz||^2 /
    ||A dz||^2 of the step before, per sample, from a penalty that comes down to the one asked for. A step is refused,
    and tried again at a quarter of its length, where the objective does not fall below the largest of the last ten;
    steps of 1 / ||A||^2, the shortest, are always taken. A refused step counts as an iteration.
    """

    name: ClassVar[str] = "sparsa"
    summary: ClassVar[str] = "lasso by proximal gradient steps of Barzilai-Borwein lengths, the penalty coming down"

    def _solve(self, dictionary: Array, observations: Array, penalty: Array) -> tuple[Array, Outcome]:
        shortest = step_size_of(dictionary)

        def step(state: _State, observations: Array, penalty: Array) -> _State:
            return self._step(dictionary, observations, penalty, shortest, state)

        correlations, size = observations @ dictionary, 0.5 * row_sum(observations**2)
        largest = self._largest(correlations)
        # As for atoms that are orthogonal.
        power = jnp.sum(dictionary**2) / dictionary.shape[1]
        first = jnp.maximum(shortest, 1 / jnp.where(power == 0, 1, power))
        start = _State(
            codes=jnp.zeros_like(correlations),
            residual=observations,
            correlations=correlations,
            length=jnp.broadcast_to(first, size.shape),
            penalty=jnp.maximum(penalty, _PENALTY_LEFT * largest),
            gap=(1 - feasible_scale(largest, penalty)) ** 2,
            objectives=jnp.full((*size.shape, _MEMORY), -jnp.inf, size.dtype).at[:, 0].set(size),
        )
        state, outcome = iterate_in_blocks(
            step,
            lambda state, *_: Verdict(state.gap, state.gap <= self.tolerance),
            start,
            observations,
            penalty,
            n_latents=dictionary.shape[1],
            max_iterations=self.max_iterations,
        )
        return state.codes, outcome

    def _step(self, dictionary: Array, observations: Array, penalty: Array, shortest: Array, state: _State) -> _State:
        length, sought = state.length, state.penalty
        codes = soft_threshold(
            state.codes + length[:, None] * state.correlations, length * sought, nonnegative=self.nonnegative
        )
        residual = observations - codes @ dictionary.T
        correlations = residual @ dictionary
        moved, curved = row_sum((codes - state.codes) ** 2), row_sum((residual - state.residual) ** 2)
        error, norm = 0.5 * row_sum(residual**2), row_sum(jnp.abs(codes))
        objective = error + sought * norm
        highest = jnp.max(state.objectives, axis=1)
        rounding = _ROUNDING * jnp.finfo(codes.dtype).eps * highest
        enough = objective <= highest - 0.5 * _DECREASE * moved / jnp.where(length > 0, length, 1) + rounding
        # Written so that what is not finite is taken, and ends the sample.
        refused = ~enough & (length > shortest) & jnp.isfinite(objective)

        next_length = jnp.where(curved > 0, moved / jnp.where(curved > 0, curved, 1), _LONGEST * shortest)
        next_length = jnp.clip(next_length, shortest, _LONGEST * shortest)
        largest = self._largest(correlations)
        lower = jnp.maximum(penalty, jnp.minimum(sought, _PENALTY_LEFT * largest))
        past = jnp.where((lower < sought)[:, None], -jnp.inf, state.objectives[:, :-1])
        objectives = jnp.concatenate([(error + lower * norm)[:, None], past], axis=1)
        gap = relative_gap_at(observations, codes, residual, correlations, penalty, feasible_scale(largest, penalty))
        taken = _State(codes, residual, correlations, next_length, lower, gap, objectives)
        again = state._replace(length=jnp.maximum(length / _SHORTER, shortest))
        return freeze(refused, again, taken)

    def _largest(self, correlations: Array) -> Array:
        return largest_correlation(correlations, nonnegative=self.nonnegative)
