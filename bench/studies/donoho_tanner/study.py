"""Known Gaussian dictionary, no noise: which K-sparse codes does l1 minimisation give back?

The setting of Donoho & Tanner (2009): A is M x N with delta = M/N, codes have K = rho M active entries. Basis pursuit
is solved to a certified duality gap; approximate message passing is the fast method that should reach the same boundary
(Donoho, Maleki & Montanari 2009).
"""

from typing import Annotated, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import msgspec
import pandas as pd
from msgspec import Meta

from analysis.certificates.basis_pursuit import duality_gap, primal_infeasibility
from analysis.metrics import relative_error
from analysis.theory.l1_transition import minimax_threshold
from bench.errors import UserError
from bench.studies.donoho_tanner.tables import judged
from bench.study import Axis, Context, Point, Spec, Study, Transition, deferred
from recovery.coders import Amp, BasisPursuit
from recovery.knowledge import Knowledge
from recovery.solution import Solution
from toymodels.worlds import LinearMixing

LEAST_PENALTY = 1e-4
"""There is no noise; a lasso with this penalty is biased by less than what counts as success."""

Fraction = Annotated[float, Meta(gt=0, le=1)]


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Axes of the phase diagram."""

    n_latents: tuple[Annotated[int, Meta(ge=2, le=100_000)], ...]
    undersampling: tuple[Fraction, ...]
    sparsity_ratio: tuple[Fraction, ...]
    code_sign: tuple[Literal["signed", "nonnegative"], ...]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the solvers stop."""

    amp_iterations: Annotated[int, Meta(ge=1)]
    amp_tolerance: Annotated[float, Meta(gt=0, lt=1)]
    gap_tolerance: Annotated[float, Meta(gt=0, lt=1)]


def world(key: jax.Array, context: Context, values: dict) -> jax.Array:
    """A dictionary, shared by all sparsity levels, code signs and methods of one trial."""
    return _mixing(context).dictionary(key)


class Sample(NamedTuple):
    """One K-sparse code and what is observed of it."""

    n_active: jax.Array
    codes: jax.Array
    observations: jax.Array


def sample(key: jax.Array, context: Context, dictionary: jax.Array, values: dict) -> Sample:
    """Draw a code and observe it without noise."""
    mixing = _mixing(context)
    n_active = jnp.maximum(1, jnp.round(values["sparsity_ratio"] * mixing.n_dims)).astype(jnp.int32)
    codes = mixing.codes(key, n_samples=1, n_active=n_active, nonnegative=_nonnegative(context))
    return Sample(n_active, codes, codes @ dictionary.T)


def derive(fixed: Fixed, point: Point) -> dict[str, Any]:
    """AMP's threshold from theory."""
    n_latents, sign = int(point["n_latents"]), str(point["code_sign"])
    undersampling = n_dims_of(n_latents, point["undersampling"]) / n_latents
    threshold = float(minimax_threshold(undersampling, "nonnegative" if sign == "nonnegative" else "signed"))
    return {"threshold": threshold}


def measure(
    key: jax.Array, context: Context, dictionary: jax.Array, data: Sample, values: dict, method: str
) -> dict[str, Any]:
    """Recover the code by one method, and compare."""
    plugged = context.plugged(method)
    if plugged is None:
        solve = {"amp": _amp, "basis-pursuit": _basis_pursuit}[method]
        solution, certificate = solve(context, dictionary, data.observations, values)
    else:
        coder = plugged.build(_knowledge(context, dictionary, data, values))
        solution = coder(dictionary, data.observations, key=jax.random.fold_in(key, 1))
        certificate = primal_infeasibility(dictionary, data.observations, solution.codes)
    return {
        "n_dims": jnp.int32(dictionary.shape[0]),
        "n_active": data.n_active,
        "relative_error": relative_error(data.codes, solution.codes)[0],
        "certificate": certificate[0],
        "residual": solution.residual[0],
        "iterations": solution.iterations[0],
        "status": solution.status[0],
    }


def _amp(context: Context, dictionary: jax.Array, observations: jax.Array, values: dict) -> tuple[Solution, jax.Array]:
    coder = Amp(
        threshold=values["threshold"],
        nonnegative=_nonnegative(context),
        max_iterations=context.fixed.amp_iterations,
        tolerance=context.fixed.amp_tolerance,
    )
    solution = coder(dictionary, observations)
    return solution, primal_infeasibility(dictionary, observations, solution.codes)


def _basis_pursuit(
    context: Context, dictionary: jax.Array, observations: jax.Array, values: dict
) -> tuple[Solution, jax.Array]:
    nonnegative = _nonnegative(context)
    coder = BasisPursuit(nonnegative=nonnegative, tolerance=context.fixed.gap_tolerance)
    solution, dual = coder.solve_with_dual(dictionary, observations)
    gap = duality_gap(dictionary, observations, solution.codes, dual, nonnegative=nonnegative)
    return solution, jnp.maximum(gap, primal_infeasibility(dictionary, observations, solution.codes))


def _knowledge(context: Context, dictionary: jax.Array, data: Sample, values: dict) -> Knowledge:
    """What a plugged-in coder is told."""
    n_dims, n_latents = dictionary.shape
    return Knowledge(
        n_dims=n_dims,
        n_latents=n_latents,
        max_active=n_dims,
        nonnegative=_nonnegative(context),
        n_active=data.n_active,
        penalty=LEAST_PENALTY,
        threshold=values["threshold"],
    )


def _nonnegative(context: Context) -> bool:
    return context.static["code_sign"] == "nonnegative"


def _mixing(context: Context) -> LinearMixing:
    n_latents = int(context.static["n_latents"])
    return LinearMixing(n_latents=n_latents, n_dims=n_dims_of(n_latents, context.static["undersampling"]))


def n_dims_of(n_latents: int, undersampling: Any) -> int:
    """M = delta N, rounded."""
    return round(undersampling * n_latents)


def check(spec: Spec) -> None:
    """Every combination must leave at least one dimension."""
    for n_latents in spec.grid.n_latents:
        for undersampling in spec.grid.undersampling:
            if n_dims_of(n_latents, undersampling) < 1:
                raise UserError(
                    f"undersampling {undersampling} of n_latents {n_latents} leaves no dimension; "
                    f"it must be at least {1 / n_latents:.3g}"
                )


def distinct_ratios(static: Point) -> tuple[float, ...]:
    """K / M for every K: between two of them nothing changes."""
    n_dims = n_dims_of(int(static["n_latents"]), static["undersampling"])
    return tuple(n_active / n_dims for n_active in range(1, n_dims + 1))


def outcome(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """K / M, whether the codes were recovered, and whether the solve counts."""
    rows = judged(rows)
    return rows["n_active"] / rows["n_dims"], rows["recovered"], rows["counted"]


def _levels(step: float) -> list[float]:
    return [round(step * i, 6) for i in range(1, round(1 / step) + 1)]


STUDY = Study(
    name="donoho-tanner",
    summary="l1 phase transition of a known Gaussian dictionary: 50% boundary against theory",
    grid_type=Grid,
    fixed_type=Fixed,
    axes={
        "n_latents": Axis("world", static=True),
        "undersampling": Axis("world", static=True),
        "code_sign": Axis("measurement", static=True),
        "sparsity_ratio": Axis("measurement"),
    },
    methods={
        "amp": "approximate message passing, minimax-tuned soft threshold",
        "basis-pursuit": "interior point, certified by its duality gap",
    },
    presets={
        "quick": {
            "seed": 0,
            "trials": 10,
            "precision": "float64",
            "chunk_size": 10,
            "grid": {
                "n_latents": [200],
                "undersampling": [0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9],
                "sparsity_ratio": _levels(0.05),
                "code_sign": ["signed", "nonnegative"],
            },
            "fixed": {"amp_iterations": 500, "amp_tolerance": 1e-6, "gap_tolerance": 1e-7},
        },
        "full": {
            "seed": 0,
            "trials": 20,
            "precision": "float64",
            "chunk_size": 5,
            "grid": {
                "n_latents": [400],
                "undersampling": _levels(0.05)[:-1],
                "sparsity_ratio": _levels(0.025),
                "code_sign": ["signed", "nonnegative"],
            },
            "fixed": {"amp_iterations": 1000, "amp_tolerance": 1e-6, "gap_tolerance": 1e-7},
        },
    },
    accepts=("coder",),
    world=world,
    sample=sample,
    measure=measure,
    report=deferred(f"{__package__}.report"),
    check=check,
    derive=derive,
    transition=Transition("sparsity_ratio", distinct_ratios, outcome),
)
