"""Basis pursuits of one size, against the linear programs of HiGHS."""

from typing import Any, NamedTuple

import numpy as np

from bench.compare.contest import OURS, Contest, Entrant
from bench.compare.gaussian import sparse_codes, unit_columns
from bench.compare.ours import compiled
from bench.precision import precision
from recovery.coders import BasisPursuit

N_LATENTS, N_DIMS, N_ACTIVE = 400, 200, 60


class Problem(NamedTuple):
    """A dictionary and the observations of sparse codes."""

    dictionary: np.ndarray
    observations: np.ndarray


def problem(seed: int, quick: bool) -> Problem:
    """40 samples (quick: 3) of 60 of 400 Gaussian atoms in 200 dimensions, signed normal codes, no noise."""
    rng, n_samples = np.random.default_rng(seed), 3 if quick else 40
    dictionary = unit_columns(rng, N_DIMS, N_LATENTS)
    return Problem(dictionary, sparse_codes(rng, (n_samples, N_LATENTS), N_ACTIVE) @ dictionary.T)


def _ours(one: Problem):
    coder = BasisPursuit(tolerance=1e-8)
    with precision("float64"):
        solve = compiled(lambda a, y: coder(a, y).codes, lambda problem: (problem.dictionary, problem.observations))(
            one
        )

    def in_float64(problem: Problem) -> np.ndarray:
        with precision("float64"):
            return np.asarray(solve(problem))

    return in_float64


def _highs(method: str):
    def start(one: Problem):
        from scipy.optimize import linprog

        def solve(problem: Problem) -> np.ndarray:
            both, costs = np.hstack([problem.dictionary, -problem.dictionary]), np.ones(2 * N_LATENTS)
            ends = [linprog(costs, A_eq=both, b_eq=y, bounds=(0, None), method=method).x for y in problem.observations]
            return np.stack([x[:N_LATENTS] - x[N_LATENTS:] for x in ends])

        return solve

    return start


def _score(problem: Problem, answer: Any) -> dict[str, float]:
    codes = np.asarray(answer)
    missed = np.linalg.norm(codes @ problem.dictionary.T - problem.observations, axis=1)
    return {
        "mean_l1_norm": float(np.abs(codes).sum(axis=1).mean()),
        "worst_violation": float((missed / np.linalg.norm(problem.observations, axis=1)).max()),
    }


CONTEST = Contest(
    name="basis-pursuit",
    title="Basis pursuit",
    what="40 samples of 60 of 400 Gaussian atoms in 200 dimensions, one dictionary, float64, each certified.",
    problem=problem,
    entrants=lambda n_threads: [
        Entrant("superposed, BasisPursuit", OURS, _ours),
        Entrant("HiGHS, interior point", "scipy", _highs("highs-ipm"), "scipy"),
        Entrant("HiGHS, dual simplex", "scipy", _highs("highs-ds"), "scipy"),
    ],
    score=_score,
    better={"mean_l1_norm": "less", "worst_violation": "less"},
    repeats=3,
)
