"""The one loop that drives every iterative coder."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from recovery.solution import Solution, Status

State = TypeVar("State")


class Verdict(NamedTuple):
    """What a coder's judge says about each sample's state.

    A `stuck` sample can make no further progress; it ends as `MAX_ITERATIONS` unless it is `converged`.
    """

    residual: Float[Array, " n_samples"]
    converged: Bool[Array, " n_samples"]
    stuck: Bool[Array, " n_samples"] | bool = False


class Outcome(NamedTuple):
    iterations: Int[Array, " n_samples"]
    residual: Float[Array, " n_samples"]
    status: Int[Array, " n_samples"]


class Loop(NamedTuple):
    """What is iterated; every leaf has the samples first."""

    state: Any
    done: Bool[Array, " n_samples"]
    outcome: Outcome


def iterate(
    step: Callable[[State], State],
    judge: Callable[[State], Verdict],
    state: State,
    *,
    n_samples: int,
    max_iterations: Int[Array, ""] | int,
    check_every: int = 1,
) -> tuple[State, Outcome]:
    """Repeat `step` on a batch until `judge` has ended every sample, or `max_iterations` is reached.

    Every leaf of `state` has the samples as its first axis. A sample that has ended is frozen: its state, residual and
    count stay as they were. A sample whose residual is not finite ends as `NON_FINITE`. The judge is asked every
    `check_every` steps, so counts are multiples of it and the limit is rounded up to one. `max_iterations` may be
    traced; with 0 nothing is judged, and residuals are infinite.
    """
    start = not_begun(judge, state, n_samples=n_samples, max_iterations=max_iterations)
    loop = go_on(step, judge, start, n_left=0, max_iterations=max_iterations, check_every=check_every)
    return loop.state, loop.outcome


def not_begun(
    judge: Callable[[State], Verdict], state: State, *, n_samples: int, max_iterations: Int[Array, ""] | int
) -> Loop:
    outcome = Outcome(
        jnp.zeros(n_samples, jnp.int32),
        jnp.full(n_samples, jnp.inf, jax.eval_shape(judge, state).residual.dtype),
        jnp.full(n_samples, Status.MAX_ITERATIONS, jnp.int32),
    )
    return Loop(state, outcome.iterations >= max_iterations, outcome)


def go_on(
    step: Callable[[State], State],
    judge: Callable[[State], Verdict],
    loop: Loop,
    *,
    n_left: Int[Array, ""] | int,
    max_iterations: Int[Array, ""] | int,
    check_every: int,
) -> Loop:
    """Until at most `n_left` samples are not done; what is done stays as it is."""

    def advance(loop: Loop) -> Loop:
        new = (
            jax.lax.fori_loop(0, check_every, lambda _, s: step(s), loop.state) if check_every > 1 else step(loop.state)
        )
        new = freeze(loop.done, loop.state, new)
        verdict = judge(new)
        fresh = Outcome(loop.outcome.iterations + check_every, verdict.residual, _status(verdict))
        outcome = freeze(loop.done, loop.outcome, fresh)
        ended = verdict.converged | verdict.stuck | (fresh.status == Status.NON_FINITE)
        return Loop(new, loop.done | ended | (fresh.iterations >= max_iterations), outcome)

    return jax.lax.while_loop(lambda loop: jnp.sum(~loop.done) > n_left, advance, loop)


def freeze(done: Bool[Array, " n_samples"], old: State, new: State) -> State:
    """The old state where `done`, the new one elsewhere; every leaf has the samples first."""

    def select(a: Array, b: Array) -> Array:
        return jnp.where(done.reshape(done.shape + (1,) * (a.ndim - 1)), a, b)

    return jax.tree.map(select, old, new)


def conclude(codes: Float[Array, "n_samples n_latents"], outcome: Outcome) -> Solution:
    """A solution whose status is `NON_FINITE` where the residual is not finite; there codes and residual are NaN."""
    bad = (outcome.status == Status.NON_FINITE) | ~jnp.isfinite(outcome.residual)
    codes = jnp.where(bad[:, None], jnp.nan, codes)
    residual = jnp.where(bad, jnp.nan, outcome.residual)
    status = jnp.where(bad, Status.NON_FINITE, outcome.status).astype(jnp.int32)
    return Solution(codes, outcome.iterations, residual, status)


def _status(verdict: Verdict) -> Int[Array, " n_samples"]:
    ended = jnp.where(verdict.converged, Status.CONVERGED, Status.MAX_ITERATIONS)
    return jnp.where(jnp.isfinite(verdict.residual), ended, Status.NON_FINITE).astype(jnp.int32)
