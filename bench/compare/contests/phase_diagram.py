"""A whole l1 phase diagram: thousands of basis pursuits of all sizes below N."""

from typing import Any, NamedTuple

import jax
import numpy as np

from bench.compare.contest import OURS, Contest, Entrant, peer
from bench.compare.gaussian import sparse_codes, unit_columns
from bench.precision import precision
from recovery.coders import BasisPursuit

SUCCESS = 1e-3
"""A trial succeeds when ||z^ - z|| / ||z|| is at most this."""
_END_OF_PATH = 1e-6
"""LARS stops at this penalty; there is no noise, so that its codes are then those of basis pursuit to as much."""


class Size(NamedTuple):
    """One undersampling: dictionaries, and for each a sample at every sparsity."""

    dictionaries: np.ndarray
    """[n_trials n_dims n_latents]"""
    codes: np.ndarray
    """[n_trials n_sparsities n_latents]"""
    observations: np.ndarray
    """[n_trials n_sparsities n_dims]"""


def problem(seed: int, quick: bool) -> list[Size]:
    """N = 400, 15 undersamplings x 15 sparsities x 20 trials (quick: N = 100, 5 x 5 x 5), signed normal codes."""
    n_latents, n_levels, n_trials = (100, 5, 5) if quick else (400, 15, 20)
    rng = np.random.default_rng(seed)
    levels = np.arange(1, n_levels + 1) / (n_levels + 1)
    return [_size(rng, n_latents, round(float(delta) * n_latents), levels, n_trials) for delta in levels]


def _size(rng: np.random.Generator, n_latents: int, n_dims: int, levels: np.ndarray, n_trials: int) -> Size:
    dictionaries = unit_columns(rng, n_trials, n_dims, n_latents)
    n_active = np.maximum(1, np.round(levels * n_dims)).astype(int)
    codes = sparse_codes(rng, (n_trials, len(levels), n_latents), n_active[:, None])
    return Size(dictionaries, codes, np.einsum("tmn,tkn->tkm", dictionaries, codes))


def _ours(one: list[Size]):
    """Compiled for each undersampling in turn, as a run does it; every solution certified by its duality gap."""
    coder = BasisPursuit(tolerance=1e-7)

    def all_trials(dictionaries: jax.Array, observations: jax.Array) -> Any:
        return jax.lax.map(lambda pair: coder(*pair), (dictionaries, observations))

    def solve(problem: list[Size]) -> list[np.ndarray]:
        with precision("float64"):
            found = [jax.jit(all_trials)(size.dictionaries, size.observations) for size in problem]
            return [np.asarray(solution.codes) for solution in jax.block_until_ready(found)]

    return solve


def _spams(n_threads: int):
    def start(one: list[Size]):
        spams = peer("spams")

        def trial(dictionary: np.ndarray, observations: np.ndarray) -> np.ndarray:
            columns, atoms = np.asfortranarray(observations.T), np.asfortranarray(dictionary)
            return spams.lasso(columns, D=atoms, lambda1=_END_OF_PATH, mode=2, numThreads=n_threads).T.toarray()

        return lambda problem: [_each(size, trial) for size in problem]

    return start


def _sklearn(n_threads: int):
    def start(one: list[Size]):
        from joblib import Parallel, delayed

        def solve(problem: list[Size]) -> list[np.ndarray]:
            pairs = [pair for size in problem for pair in zip(size.dictionaries, size.observations, strict=True)]
            codes: Any = iter(Parallel(n_jobs=n_threads)(delayed(_lars_paths)(*pair) for pair in pairs))
            return [np.stack([next(codes) for _ in size.dictionaries]) for size in problem]

        return solve

    return start


def _lars_paths(dictionary: np.ndarray, observations: np.ndarray) -> np.ndarray:
    path = peer("sklearn.linear_model").lars_path_gram
    gram, settings = dictionary.T @ dictionary, {"method": "lasso", "return_path": False, "copy_X": False}
    n_dims = dictionary.shape[0]
    ends = [
        path(dictionary.T @ y, gram, n_samples=n_dims, alpha_min=_END_OF_PATH / n_dims, **settings)[2]
        for y in observations
    ]
    return np.stack(ends)


def _each(size: Size, trial: Any) -> np.ndarray:
    return np.stack([trial(a, y) for a, y in zip(size.dictionaries, size.observations, strict=True)])


def _score(problem: list[Size], answer: list[np.ndarray]) -> dict[str, float]:
    """Where two solvers differ: the share recovered, and how far the codes are from satisfying the constraints."""
    n_right, n, worst, length = 0, 0, 0.0, 0.0
    for size, codes in zip(problem, answer, strict=True):
        error = np.linalg.norm(codes - size.codes, axis=2) / np.linalg.norm(size.codes, axis=2)
        reached = np.einsum("tmn,tkn->tkm", size.dictionaries, codes)
        missed = np.linalg.norm(reached - size.observations, axis=2) / np.linalg.norm(size.observations, axis=2)
        n_right, n = n_right + int((error <= SUCCESS).sum()), n + error.size
        worst, length = max(worst, float(missed.max())), length + float(np.abs(codes).sum())
    return {"recovered": n_right / n, "worst_violation": worst, "mean_l1_norm": length / n}


CONTEST = Contest(
    name="phase-diagram",
    title="l1 phase diagram",
    what="N = 400, 15 undersamplings x 15 sparsities x 20 trials, signed codes without noise: 4,500 basis pursuits. "
    "Ours are certified by their duality gap, and compilation is in their time; the others follow LARS to a penalty "
    f"of {_END_OF_PATH:g}.",
    problem=problem,
    entrants=lambda n_threads: [
        Entrant("superposed, BasisPursuit", OURS, _ours),
        Entrant("SPAMS, lasso (LARS)", "spams-bin", _spams(n_threads), "spams"),
        Entrant("scikit-learn, lars_path_gram", "scikit-learn", _sklearn(n_threads), "sklearn"),
    ],
    score=_score,
    better={"recovered": "", "worst_violation": "less", "mean_l1_norm": "less"},
    repeats=1,
    warm=False,
)
