"""The lasso by accelerated proximal gradient steps."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.blocks import iterate_in_blocks
from recovery.coders.l1.lasso import soft_threshold, step_size_of
from recovery.coders.l1.lasso_coder import DATA_FIELDS, META_FIELDS, LassoCoder
from recovery.iterate import Outcome
from recovery.rows import row_sum

_CHECK_EVERY = 10


class FistaState(NamedTuple):
    codes: Float[Array, "n_samples n_latents"]
    extrapolated: Float[Array, "n_samples n_latents"]
    momentum: Float[Array, " n_samples"]


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Fista(LassoCoder):
    """min_z 1/2 ||y - A z||^2 + penalty ||z||_1 per sample, and z >= 0 if `nonnegative`.

    Penalty, sign, tolerance and residual: `LassoCoder`. The gap is judged every 10 iterations. With a penalty of 0
    it is ||y - A z||^2 / ||y||^2 unless A^T (y - A z) vanishes, so that only observations in the range of A converge.

    FISTA (Beck & Teboulle 2009) with adaptive restart by the gradient scheme (O'Donoghue & Candes 2015), and the step
    1 / ||A||^2.
    """

    name: ClassVar[str] = "fista"
    summary: ClassVar[str] = "lasso: squared error plus an l1 penalty, by accelerated proximal gradient"

    def _solve(self, dictionary: Array, observations: Array, penalty: Array) -> tuple[Array, Outcome]:
        codes = jnp.zeros((observations.shape[0], dictionary.shape[1]), observations.dtype)
        return self._from(codes, dictionary, observations, penalty, step_size_of(dictionary))

    def _from(
        self, codes: Array, dictionary: Array, observations: Array, penalty: Array, step_size: Array
    ) -> tuple[Array, Outcome]:
        """Started at given codes; a penalty a sample, or one a code."""

        def step(state: FistaState, observations: Array, penalty: Array) -> FistaState:
            return fista_step(state, dictionary, observations, penalty, step_size, nonnegative=self.nonnegative)

        state, outcome = iterate_in_blocks(
            step,
            lambda state, observations, penalty: self._judge(dictionary, observations, state.codes, penalty),
            cold_start(codes),
            observations,
            penalty,
            n_latents=dictionary.shape[1],
            max_iterations=self.max_iterations,
            check_every=_CHECK_EVERY,
        )
        return state.codes, outcome


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
    uphill = row_sum((extrapolated - new) * (new - codes)) > 0
    momentum = jnp.where(uphill, 1, momentum)
    next_momentum = 0.5 * (1 + jnp.sqrt(1 + 4 * momentum**2))
    carry = (momentum - 1) / next_momentum
    return FistaState(new, new + carry[:, None] * (new - codes), next_momentum)


def fista_steps(
    codes: Float[Array, "n_samples n_latents"],
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    penalty: Float[Array, ""] | float,
    *,
    n_steps: int,
    nonnegative: bool,
) -> Float[Array, "n_samples n_latents"]:
    """The codes after a fixed number of steps from given ones, not judged: what learners improve their codes by."""
    step_size = step_size_of(dictionary)
    penalties = jnp.broadcast_to(jnp.asarray(penalty, codes.dtype), observations.shape[:1])

    def step(_: Array, state: FistaState) -> FistaState:
        return fista_step(state, dictionary, observations, penalties, step_size, nonnegative=nonnegative)

    return jax.lax.fori_loop(0, n_steps, step, cold_start(codes)).codes
