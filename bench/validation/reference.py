"""Solutions that others certify: basis pursuit by its dual, the lasso by its duality gap; always in float64."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from analysis.certificates import basis_pursuit, lasso
from bench.precision import precision
from bench.validation.problems import Problem
from bench.validation.subject import relative_errors
from recovery.coders import BasisPursuit

CERTIFIED = 1e-6
"""Relative duality gap and infeasibility, both recomputed, below which a basis pursuit solution counts as certified."""


def least_l1(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Codes of least l1 norm that explain the observations, and which of them are certified."""
    with precision("float64"):
        solve = _least_l1(problem.knowledge.nonnegative)
        codes, gap, missing = map(np.asarray, solve(*_arrays(problem)))
    return codes, (gap <= CERTIFIED) & (missing <= CERTIFIED)


def l1_solves(problem: Problem) -> np.ndarray:
    """Samples whose true codes are, by certificate, what l1 minimisation gives."""
    codes, certified = least_l1(problem)
    return certified & (relative_errors(problem.codes, codes) <= 1e-3)


def lasso_gaps(problem: Problem, codes: np.ndarray) -> np.ndarray:
    """Relative duality gap of each sample's lasso at the penalty told; inf where codes are not finite."""
    with precision("float64"):
        gap = lasso.duality_gap(
            *_arrays(problem),
            jnp.asarray(codes, float),
            penalty=float(problem.knowledge.penalty),
            nonnegative=problem.knowledge.nonnegative,
        )
        gaps = np.asarray(gap)
    return np.where(np.isfinite(gaps), gaps, np.inf)


def _arrays(problem: Problem) -> tuple[jax.Array, jax.Array]:
    return jnp.asarray(problem.dictionary, float), jnp.asarray(problem.observations, float)


@functools.cache
def _least_l1(nonnegative: bool) -> Any:
    @jax.jit
    def solve(dictionary: jax.Array, observations: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        coder = BasisPursuit(nonnegative=nonnegative, tolerance=1e-9)
        solution, dual = coder.solve_with_dual(dictionary, observations)
        gap = basis_pursuit.duality_gap(dictionary, observations, solution.codes, dual, nonnegative=nonnegative)
        missing = basis_pursuit.primal_infeasibility(dictionary, observations, solution.codes)
        return solution.codes, gap, missing

    return solve
