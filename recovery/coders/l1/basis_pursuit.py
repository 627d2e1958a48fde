"""Basis pursuit, solved and certified by a primal-dual interior-point method batched over samples."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.iterate import Outcome, Verdict, blank_non_finite, freeze, iterate
from recovery.knowledge import Knowledge
from recovery.solution import Solution, Status

_STEP_TO_BOUNDARY = 0.995
_PATIENCE = 8
# Smaller ridges let the Cholesky factorisation break down before the gap reaches 1e-8 in float64.
_RIDGE = 32
# Each gives back some of what ridge and rounding took; float32 reaches gaps of 1e-4 with 8, and 1e-3 with 2.
_CORRECTIONS = {64: 2, 32: 8}
_POLISHING_ROUNDS = 2
_POLISHING_STEPS = 50


class _Problem(NamedTuple):
    """min sum(x) over x >= 0 with sum_s signs_s A x_s = y: one block of latents per sign; a block of sign 0 is idle."""

    dictionary: Float[Array, "n_dims n_latents"]
    observations: Float[Array, "n_samples n_dims"]
    signs: Float[Array, " n_signs"]


class _State(NamedTuple):
    x: Float[Array, "n_samples n_signs n_latents"]
    slack: Float[Array, "n_samples n_signs n_latents"]
    dual: Float[Array, "n_samples n_dims"]
    best_codes: Float[Array, "n_samples n_latents"]
    best_dual: Float[Array, "n_samples n_dims"]
    best_residual: Float[Array, " n_samples"]
    stalled: Float[Array, " n_samples"]


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
    n_dims x n_dims normal matrix. All samples share the dictionary, so forming the matrices is one matrix product.
    `nonnegative` may be traced, so that one program serves both signs.
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
        dtype = observations.dtype
        signs = self._signs().astype(dtype)
        scale, start = _starting_point(dictionary, observations, signs)
        problem = _Problem(dictionary, observations / scale[:, None], signs)
        tolerance = (1e-7 if dtype == jnp.float64 else 1e-4) if self.tolerance is None else self.tolerance
        state, outcome = iterate(
            lambda state: _step(problem, state),
            lambda state: _judge(state, tolerance),
            start,
            n_samples=observations.shape[0],
            max_iterations=self.max_iterations,
        )
        codes, dual = state.best_codes, state.best_dual
        if dtype != jnp.float64:
            codes, dual, outcome = _polish(problem, codes, dual, outcome, tolerance)
        codes, outcome = blank_non_finite(codes * scale[:, None], outcome)
        return Solution(codes, *outcome), dual

    def _signs(self) -> Float[Array, " n_signs"]:
        if isinstance(self.nonnegative, bool):
            return jnp.array([1.0] if self.nonnegative else [1.0, -1.0])
        # A sign of 0 leaves its block out of every constraint, and the block goes to zero.
        return jnp.stack([1.0, jnp.where(self.nonnegative, 0.0, -1.0)])


def _starting_point(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    signs: Float[Array, " n_signs"],
) -> tuple[Float[Array, " n_samples"], _State]:
    """Scales that make the least-norm codes O(1), and those codes shifted into the interior; w = 0 is dual feasible."""
    factor = _factor(dictionary @ dictionary.T)
    least_norm = cho_solve((factor, True), observations.T).T @ dictionary
    scale = jnp.max(jnp.abs(least_norm), axis=1)
    scale = jnp.where(scale == 0, 1, scale)
    codes = least_norm / scale[:, None]
    x = jnp.maximum(signs[:, None] * codes[:, None, :], 0)
    x = x + 0.5 * (jnp.mean(jnp.abs(codes), axis=1) + 0.01)[:, None, None]
    zero_dual = jnp.zeros_like(observations)
    size = jnp.sum(jnp.abs(observations), axis=1)
    # Nothing observed is solved by no codes; what is not finite must not look unjudged.
    unjudged = jnp.where(size == 0, 0, jnp.where(jnp.isfinite(scale * size), jnp.inf, jnp.nan))
    return scale, _State(
        x,
        jnp.ones_like(x),
        zero_dual,
        jnp.zeros_like(codes),
        zero_dual,
        unjudged.astype(x.dtype),
        jnp.zeros_like(scale),
    )


def _step(problem: _Problem, state: _State) -> _State:
    dictionary, observations, signs = problem
    x, slack, dual = state.x, state.slack, state.dual
    infeasibility = observations - _explain(problem, x)
    weights = jnp.sum(signs[:, None] ** 2 * x / slack, axis=1)
    factor = _factor((weights[:, None, :] * dictionary) @ dictionary.T)

    def direction(centring: Float[Array, "n_samples n_signs n_latents"]) -> tuple[Array, Array, Array]:
        """Newton's step to A x = y and x = centring, which is (target product - higher order terms) / slack."""
        target = infeasibility - _explain(problem, centring - x)
        step_dual = _solve(problem.dictionary, weights, factor, target)
        step_slack = -signs[:, None] * (step_dual @ dictionary)[:, None, :]
        return centring - x - x / slack * step_slack, step_slack, step_dual

    step_x, step_slack, _ = direction(jnp.zeros_like(x))
    length_x, length_slack = _longest(x, step_x), _longest(slack, step_slack)
    product = jnp.mean(x * slack, axis=(1, 2), keepdims=True)
    reached = jnp.mean((x + length_x * step_x) * (slack + length_slack * step_slack), axis=(1, 2), keepdims=True)
    centre = (reached / product) ** 3 * product
    step_x, step_slack, step_dual = direction((centre - step_x * step_slack) / slack)
    length_x = jnp.minimum(1, _STEP_TO_BOUNDARY * _longest(x, step_x))
    length_slack = jnp.minimum(1, _STEP_TO_BOUNDARY * _longest(slack, step_slack))
    moved = (x + length_x * step_x, slack + length_slack * step_slack, dual + length_slack[:, 0] * step_dual)
    # A factorisation that broke down leaves the sample where it was, to end as stuck.
    finite = jnp.stack([jnp.all(jnp.isfinite(a.reshape(len(a), -1)), axis=1) for a in moved]).all(axis=0)
    x, slack, dual = freeze(~finite, (x, slack, dual), moved)
    return _keep_best(problem, state, x, slack, dual, finite)


def _keep_best(
    problem: _Problem, state: _State, x: Array, slack: Array, dual: Array, finite: Bool[Array, " n_samples"]
) -> _State:
    codes = jnp.sum(problem.signs[:, None] * x, axis=1)
    dual_feasible = dual / jnp.maximum(1, _largest_correlation(problem, dual))[:, None]
    residual = _certificate(problem, codes, dual_feasible)
    better = residual < state.best_residual
    progress = residual < 0.9 * state.best_residual
    best = freeze(
        ~better,
        (state.best_codes, state.best_dual, state.best_residual),
        (codes, dual_feasible, residual),
    )
    stalled = jnp.where(progress, 0, state.stalled + 1)
    stalled = jnp.where(finite, stalled, _PATIENCE).astype(state.stalled.dtype)
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
    vertex_dual = vertex_dual / jnp.maximum(1, _largest_correlation(problem, vertex_dual))[:, None]
    residual = _certificate(problem, vertex, vertex_dual)
    better = residual < outcome.residual
    codes, dual, residual = freeze(~better, (codes, dual, outcome.residual), (vertex, vertex_dual, residual))
    status = jnp.where(residual <= tolerance, Status.CONVERGED, outcome.status).astype(jnp.int32)
    return codes, dual, Outcome(outcome.iterations, residual, status)


def _solve_on(
    dictionary: Float[Array, "n_dims n_latents"],
    support: Float[Array, "n_samples n_latents"],
    target: Float[Array, "n_samples n_latents"],
) -> Float[Array, "n_samples n_latents"]:
    """A_S^T A_S v = target on each sample's support (ones where it is), by conjugate gradients; 0 elsewhere."""
    return _conjugate_gradients(
        lambda v: support * ((v @ dictionary.T) @ dictionary),
        target,
        n_steps=min(dictionary.shape[0], _POLISHING_STEPS),
    )


def _certificate(problem: _Problem, codes: Array, dual: Array) -> Float[Array, " n_samples"]:
    """The larger of the relative duality gap and the relative infeasibility; 0 where y = 0 and z = 0."""
    primal = jnp.sum(jnp.abs(codes), axis=1)
    gap = jnp.abs(primal - jnp.sum(problem.observations * dual, axis=1))
    missing = jnp.linalg.norm(codes @ problem.dictionary.T - problem.observations, axis=1)
    size = jnp.linalg.norm(problem.observations, axis=1)
    return jnp.maximum(gap / jnp.where(primal == 0, 1, primal), missing / jnp.where(size == 0, 1, size))


def _largest_correlation(problem: _Problem, dual: Float[Array, "n_samples n_dims"]) -> Float[Array, " n_samples"]:
    return jnp.max(problem.signs[:, None] * (dual @ problem.dictionary)[:, None, :], axis=(1, 2))


def _explain(problem: _Problem, x: Float[Array, "n_samples n_signs n_latents"]) -> Float[Array, "n_samples n_dims"]:
    return jnp.sum(problem.signs[:, None] * x, axis=1) @ problem.dictionary.T


def _longest(value: Array, step: Array) -> Float[Array, "n_samples 1 1"]:
    """How far, up to 1 / 0.995, a positive value may go along a step and stay non-negative."""
    ratio = jnp.max(-step / value, axis=(1, 2), keepdims=True)
    return 1 / jnp.maximum(ratio, 1)


def _factor(matrix: Float[Array, "*batch n_dims n_dims"]) -> Float[Array, "*batch n_dims n_dims"]:
    """Cholesky factor of the matrix with a ridge at rounding level, for a dictionary or weights without full rank."""
    n_dims = matrix.shape[-1]
    diagonal = jnp.diagonal(matrix, axis1=-2, axis2=-1)
    largest = jnp.max(diagonal, axis=-1)
    ridge = jnp.where(largest == 0, 1, _RIDGE * jnp.finfo(matrix.dtype).eps * largest)
    return jnp.linalg.cholesky(
        matrix + ridge[..., None, None] * jnp.eye(n_dims, dtype=matrix.dtype), symmetrize_input=False
    )


def _solve(
    dictionary: Float[Array, "n_dims n_latents"],
    weights: Float[Array, "n_samples n_latents"],
    factor: Float[Array, "n_samples n_dims n_dims"],
    target: Float[Array, "n_samples n_dims"],
) -> Float[Array, "n_samples n_dims"]:
    """A diag(weights) A^T v = target by conjugate gradients, preconditioned by the factor of the ridged matrix."""
    return _conjugate_gradients(
        lambda v: ((v @ dictionary) * weights) @ dictionary.T,
        target,
        n_steps=_CORRECTIONS[jnp.finfo(target.dtype).bits],
        precondition=lambda rest: cho_solve((factor, True), rest[..., None])[..., 0],
    )


def _conjugate_gradients(
    apply: Callable[[Array], Array],
    target: Float[Array, "n_samples n"],
    *,
    n_steps: int,
    precondition: Callable[[Array], Array] = lambda rest: rest,
) -> Float[Array, "n_samples n"]:
    """A fixed number of steps, from 0, towards each sample's solution of apply(v) = target."""

    def step(_: Array, state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        solution, rest, direction, energy = state
        moved = apply(direction)
        length = _ratio(energy, jnp.sum(direction * moved, axis=1))[:, None]
        left = rest - length * moved
        steered = precondition(left)
        new = jnp.sum(left * steered, axis=1)
        return solution + length * direction, left, steered + _ratio(new, energy)[:, None] * direction, new

    first = precondition(target)
    start = (jnp.zeros_like(target), target, first, jnp.sum(target * first, axis=1))
    return jax.lax.fori_loop(0, n_steps, step, start)[0]


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Their quotient; 0 where the denominator is not positive, as it is when conjugate gradients have arrived."""
    return jnp.where(denominator > 0, numerator / jnp.where(denominator > 0, denominator, 1), 0)
