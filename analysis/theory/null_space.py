"""Null-space constant: the exact limit of l1 recovery for one dictionary, by linear programs. For small sizes only."""

import itertools
import math

import numpy as np
from jaxtyping import Float
from scipy import optimize

MOST_PROGRAMS = 20_000


def null_space_constant(dictionary: Float[np.ndarray, "n_dims n_latents"], n_active: int) -> float:
    """gamma_K = max over supports S of size K and v in the null space of ||v_S||_1 / ||v_rest||_1 [CohenDahmen2009].

    Below 1, and only then, basis pursuit recovers every signed K-sparse code exactly. For each support and each sign
    pattern on it (up to a common sign) one linear program maximises sign^T v_S over A v = 0, ||v_rest||_1 <= 1: 2^(K-1)
    C(N, K) programs. inf where K columns are linearly dependent; 0 where the null space is {0} or K = 0. nan where a
    program is not solved.

    Raises ValueError for K outside 0 .. N, or more than 20,000 programs.
    """
    atoms = np.asarray(dictionary, dtype=np.float64)
    n_latents = atoms.shape[1]
    if not 0 <= n_active <= n_latents:
        raise ValueError(f"n_active must be from 0 to the {n_latents} columns, not {n_active}")
    n_programs = 2 ** max(n_active - 1, 0) * math.comb(n_latents, n_active)
    if n_programs > MOST_PROGRAMS:
        raise ValueError(f"the null-space constant would take {n_programs} linear programs, more than {MOST_PROGRAMS}")
    if n_active == 0 or np.linalg.matrix_rank(atoms) == n_latents:
        return 0.0
    worst = 0.0
    for support in itertools.combinations(range(n_latents), n_active):
        if np.linalg.matrix_rank(atoms[:, support]) < n_active:
            return float("inf")
        for later in itertools.product((1.0, -1.0), repeat=n_active - 1):
            worst = max(worst, _largest(atoms, np.array(support), np.array((1.0, *later))))
            if math.isnan(worst):
                return worst
    return worst


def _largest(atoms: np.ndarray, support: np.ndarray, signs: np.ndarray) -> float:
    """max signs^T v_S over A v = 0 and ||v_rest||_1 <= 1, with v = p - q and p, q >= 0."""
    n_latents = atoms.shape[1]
    gain = np.zeros(n_latents)
    gain[support] = signs
    rest = np.ones(n_latents)
    rest[support] = 0.0
    found = optimize.linprog(
        np.concatenate([-gain, gain]),
        A_ub=np.concatenate([rest, rest])[None, :],
        b_ub=[1.0],
        A_eq=np.hstack([atoms, -atoms]),
        b_eq=np.zeros(atoms.shape[0]),
        method="highs",
    )
    return -float(found.fun) if found.status == 0 else (float("inf") if found.status == 3 else float("nan"))
