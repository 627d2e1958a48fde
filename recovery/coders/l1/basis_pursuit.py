"""Basis pursuit, solved and certified by a primal-dual interior-point method batched over samples."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.l1.newton_equations import NullSpace, RowSpace, conjugate_gradients, gram_solver, null_space
from recovery.iterate import Outcome, Verdict, conclude, freeze, iterate
from recovery.knowledge import Knowledge
from recovery.scale import scale_of
from recovery.solution import Solution, Status

_STEP_TO_BOUNDARY = 0.995
_PATIENCE = 8
_POLISHING_ROUNDS = 2
_POLISHING_STEPS = 50


class _Problem(NamedTuple):
    """min sum(x) over x >= 0 with sum_s signs_s A x_s = y: one block of latents per sign; a block of sign 0 is idle."""

    dictionary: Float[Array, "n_dims n_latents"]
    observations: Float[Array, "n_samples n_dims"]
    least_norm: Float[Array, "n_samples n_latents"]
    """Of the codes that explain y, those with the smallest l2 norm."""
    signs: Float[Array, " n_signs"]


class _State(NamedTuple):
    x: Float[Array, "n_samples n_signs n_latents"]
    slack: Float[Array, "n_samples n_signs n_latents"]
    dual: Float[Array, "n_samples n_dual"]
    """As the equations hold it: w or A^T w."""
    best_codes: Float[Array, "n_samples n_latents"]
    best_dual: Float[Array, "n_samples n_dual"]
    best_residual: Float[Array, " n_samples"]
    stalled: Float[Array, " n_samples"]


class _Newton(NamedTuple):
    centring: Float[Array, "n_samples n_signs n_latents"]
    """(target product - higher order terms) / slack, for the step to come."""
    x: Float[Array, "n_samples n_signs n_latents"]
    slack: Float[Array, "n_samples n_signs n_latents"]
    dual: Float[Array, "n_samples n_dual"]
    length_x: Float[Array, "n_samples 1 1"]
    length_slack: Float[Array, "n_samples 1 1"]


@partial(jax.tree_util.register_dataclass, data_fields=["nonnegative", "tolerance"], meta_fields=["max_iterations"])
@dataclass(frozen=True)
class BasisPursuit:
    """min ||z||_1 subject to A z = y, and z >= 0 if `nonnegative`.

    The dual is max y.w subject to |A^T w| <= 1 (A^T w <= 1 if `nonnegative`). The residual reported, and held against
    `tolerance`, is the larger of the relative gap |‖z‖_1 - y.w| / ‖z‖_1, w scaled so that it is feasible exactly, and
    the infeasibility ‖A z - y‖ / ‖y‖; both are recomputed from z and w. The best iterate by that measure is what is
    returned. `tolerance=None` stands for 1e-7 in float64 and 1e-4 in float32.

    In float32 rounding ends the path early. There the best iterate is taken to the vertex it points at: the codes solve
    A_S z_S = y and the dual A_S^T w = sign(z_S) on the set S of latents whose code exceeds their dual slack, by
    conjugate gradients. What results replaces the iterate where its residual is smaller.

    Mehrotra's predictor-corrector method (Mehrotra 1992; Wright 1997, chapter 10). The two signs of a code share one
    matrix, as wide as n_dims or as n_latents - n_dims, whichever is less (where rows of A depend on each other: as
    n_dims). All samples share the dictionary, so forming the matrices is one matrix product. `nonnegative` may be
    traced, so that one program serves both signs.
    Where no z satisfies the constraints, the solve ends as `MAX_ITERATIONS` with a residual above the tolerance.
    """

    nonnegative: Bool[Array, ""] | bool = False
    max_iterations: int = 40
    tolerance: Float[Array, ""] | float | None = None

    name: ClassVar[str] = "basis-pursuit"
    summary: ClassVar[str] = "smallest l1 norm that explains the observation exactly, certified by its dual"
    residual_kind: ClassVar[ResidualKind] = "duality_gap"
    solves: ClassVar[str] = "basis-pursuit"

    def __post_init__(self) -> None:
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, got {self.max_iterations}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        return self.solve_with_dual(dictionary, observations)[0]

    def solve_with_dual(
        self, dictionary: Float[Array, "n_dims n_latents"], observations: Float[Array, "n_samples n_dims"]
    ) -> tuple[Solution, Float[Array, "n_samples n_dims"]]:
        """The solution and the dual vectors w that certify it, feasible up to rounding."""
        dtype, units = observations.dtype, scale_of(observations)[:, None]
        observations = observations / units
        tolerance = (1e-7 if dtype == jnp.float64 else 1e-4) if self.tolerance is None else self.tolerance
        dual_of = gram_solver(dictionary)
        least_norm = dual_of(observations) @ dictionary
        scale = jnp.max(jnp.abs(least_norm), axis=1, keepdims=True)
        scale = jnp.where(scale == 0, 1, scale)
        problem = _Problem(dictionary, observations / scale, least_norm / scale, self._signs().astype(dtype))

        def by_rows(limit: Int[Array, ""] | int) -> tuple[Array, Array, Outcome]:
            return _solve(problem, RowSpace(dictionary, problem.observations), tolerance, limit)

        n_dims, n_latents = dictionary.shape
        if 2 * n_dims <= n_latents or n_dims >= n_latents:
            codes, dual, outcome = by_rows(self.max_iterations)
        else:
            basis, complete = null_space(dictionary)
            limit = jnp.where(complete, self.max_iterations, 0)
            codes, image, outcome = _solve(problem, NullSpace(basis, problem.least_norm), tolerance, limit)
            found = _certified(problem, codes, dual_of(image @ dictionary.T), outcome, tolerance)
            # One of the two loops runs; the other ends before its first step.
            codes, dual, outcome = jax.tree.map(
                partial(jnp.where, complete), found, by_rows(self.max_iterations - limit)
            )
        if dtype != jnp.float64:
            codes, dual, outcome = _polish(problem, codes, dual, outcome, tolerance)
        return conclude(codes * scale * units, outcome), dual

    def _signs(self) -> Float[Array, " n_signs"]:
        if isinstance(self.nonnegative, bool):
            return jnp.array([1.0] if self.nonnegative else [1.0, -1.0])
        # A sign of 0 leaves its block out of every constraint, and the block goes to zero.
        return jnp.stack([1.0, jnp.where(self.nonnegative, 0.0, -1.0)])


def _solve(
    problem: _Problem,
    equations: RowSpace | NullSpace,
    tolerance: Float[Array, ""] | float,
    limit: Int[Array, ""] | int,
) -> tuple[Array, Array, Outcome]:
    """The best codes and dual of at most `limit` iterations, the dual as the equations hold it."""
    state, outcome = iterate(
        lambda state: _step(problem, equations, state),
        lambda state: _judge(state, tolerance),
        _starting_point(problem, equations.no_dual()),
        n_samples=problem.observations.shape[0],
        max_iterations=limit,
    )
    return state.best_codes, state.best_dual, outcome


def _certified(
    problem: _Problem, codes: Array, dual: Float[Array, "n_samples n_dims"], outcome: Outcome, tolerance: Array | float
) -> tuple[Array, Array, Outcome]:
    """The dual made feasible, and the outcome that it certifies."""
    dual = dual / jnp.maximum(1, _largest(problem.signs, dual @ problem.dictionary))[:, None]
    residual = _certificate(problem, codes, jnp.sum(problem.observations * dual, axis=1))
    status = jnp.where(residual <= tolerance, Status.CONVERGED, Status.MAX_ITERATIONS).astype(jnp.int32)
    return codes, dual, Outcome(outcome.iterations, residual, status)


def _starting_point(problem: _Problem, dual: Array) -> _State:
    """The least-norm codes shifted into the interior; w = 0 is dual feasible."""
    codes, signs = problem.least_norm, problem.signs
    x = jnp.maximum(signs[:, None] * codes[:, None, :], 0)
    x = x + 0.5 * (jnp.mean(jnp.abs(codes), axis=1) + 0.01)[:, None, None]
    size = jnp.sum(jnp.abs(problem.observations), axis=1) + jnp.sum(jnp.abs(codes), axis=1)
    # Nothing observed is solved by no codes; what is not finite must not look unjudged.
    unjudged = jnp.where(size == 0, 0, jnp.where(jnp.isfinite(size), jnp.inf, jnp.nan))
    return _State(
        x, jnp.ones_like(x), dual, jnp.zeros_like(codes), dual, unjudged.astype(x.dtype), jnp.zeros_like(size)
    )


def _step(problem: _Problem, equations: RowSpace | NullSpace, state: _State) -> _State:
    signs = problem.signs
    x, slack, dual = state.x, state.slack, state.dual
    weights = _codes(signs**2, x / slack)
    solve = equations.solver(weights, _codes(signs, x), dual)

    def newton(_: Array, found: _Newton) -> _Newton:
        """The step to A x = y and x = found.centring, and what centring the products that it leads to call for."""
        image_step, step_dual = solve(_codes(signs, found.centring - x))
        step_slack = -signs[:, None] * image_step[:, None, :]
        step_x = found.centring - x - x / slack * step_slack
        length_x, length_slack = _longest(x, step_x), _longest(slack, step_slack)
        reached = jnp.mean((x + length_x * step_x) * (slack + length_slack * step_slack), axis=(1, 2), keepdims=True)
        centre = (reached / product) ** 3 * product
        return _Newton((centre - step_x * step_slack) / slack, step_x, step_slack, step_dual, length_x, length_slack)

    product = jnp.mean(x * slack, axis=(1, 2), keepdims=True)
    none = jnp.zeros_like(x)
    steps = _Newton(none, none, none, jnp.zeros_like(dual), product, product)
    # The predictor, without centring, and the step that it corrects.
    steps = jax.lax.fori_loop(0, 2, newton, steps)
    length_x = jnp.minimum(1, _STEP_TO_BOUNDARY * steps.length_x)
    length_slack = jnp.minimum(1, _STEP_TO_BOUNDARY * steps.length_slack)
    return _keep_best(
        problem,
        equations,
        state,
        x + length_x * steps.x,
        slack + length_slack * steps.slack,
        dual + length_slack[:, 0] * steps.dual,
    )


def _keep_best(
    problem: _Problem, equations: RowSpace | NullSpace, state: _State, x: Array, slack: Array, dual: Array
) -> _State:
    codes = _codes(problem.signs, x)
    allowed = jnp.maximum(1, _largest(problem.signs, equations.image(dual)))
    residual = _certificate(problem, codes, equations.value(dual) / allowed)
    best = freeze(
        ~(residual < state.best_residual),
        (state.best_codes, state.best_dual, state.best_residual),
        (codes, dual / allowed[:, None], residual),
    )
    stalled = jnp.where(residual < 0.9 * state.best_residual, 0, state.stalled + 1)
    # A factorisation that broke down ends the sample with the best before it.
    stalled = jnp.where(jnp.isfinite(residual), stalled, _PATIENCE).astype(state.stalled.dtype)
    return _State(x, slack, dual, *best, stalled)


def _judge(state: _State, tolerance: Float[Array, ""] | float) -> Verdict:
    return Verdict(state.best_residual, state.best_residual <= tolerance, state.stalled >= _PATIENCE)


def _polish(
    problem: _Problem, codes: Array, dual: Array, outcome: Outcome, tolerance: Float[Array, ""] | float
) -> tuple[Array, Array, Outcome]:
    """The vertex that codes and dual point at, where it is certified better than they are."""
    sign = jnp.sign(codes)
    support = (jnp.abs(codes) > 1 - sign * (dual @ problem.dictionary)).astype(codes.dtype)
    vertex, vertex_dual = support * codes, dual
    for _ in range(_POLISHING_ROUNDS):
        missing = problem.observations - vertex @ problem.dictionary.T
        vertex += _solve_on(problem.dictionary, support, support * (missing @ problem.dictionary))
        short = support * (sign - vertex_dual @ problem.dictionary)
        vertex_dual += _solve_on(problem.dictionary, support, short) @ problem.dictionary.T
    allowed = jnp.where(jnp.any(problem.signs < 0), jnp.inf, 0)
    vertex = jnp.maximum(vertex, -allowed)
    polished = _certified(problem, vertex, vertex_dual, outcome, tolerance)
    return freeze(~(polished[2].residual < outcome.residual), (codes, dual, outcome), polished)


def _solve_on(
    dictionary: Float[Array, "n_dims n_latents"],
    support: Float[Array, "n_samples n_latents"],
    target: Float[Array, "n_samples n_latents"],
) -> Float[Array, "n_samples n_latents"]:
    """A_S^T A_S v = target on each sample's support (ones where it is), by conjugate gradients; 0 elsewhere."""
    return conjugate_gradients(
        lambda v: support * ((v @ dictionary.T) @ dictionary),
        target,
        n_steps=min(dictionary.shape[0], _POLISHING_STEPS),
    )


def _certificate(problem: _Problem, codes: Array, value: Float[Array, " n_samples"]) -> Float[Array, " n_samples"]:
    """The larger of relative infeasibility and relative gap to a value of the dual; 0 where y = 0 and z = 0."""
    primal = jnp.sum(jnp.abs(codes), axis=1)
    gap = jnp.abs(primal - value)
    missing = jnp.linalg.norm(codes @ problem.dictionary.T - problem.observations, axis=1)
    size = jnp.linalg.norm(problem.observations, axis=1)
    return jnp.maximum(gap / jnp.where(primal == 0, 1, primal), missing / jnp.where(size == 0, 1, size))


def _largest(signs: Array, image: Float[Array, "n_samples n_latents"]) -> Float[Array, " n_samples"]:
    """max(|A^T w|), or max(A^T w) where codes are non-negative."""
    return jnp.max(signs[:, None] * image[:, None, :], axis=(1, 2))


def _codes(signs: Array, x: Float[Array, "n_samples n_signs n_latents"]) -> Float[Array, "n_samples n_latents"]:
    return jnp.sum(signs[:, None] * x, axis=1)


def _longest(value: Array, step: Array) -> Float[Array, "n_samples 1 1"]:
    """How far, up to 1 / 0.995, a positive value may go along a step and stay non-negative."""
    ratio = jnp.max(-step / value, axis=(1, 2), keepdims=True)
    return 1 / jnp.maximum(ratio, 1)
