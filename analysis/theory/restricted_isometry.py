"""Restricted isometry constants of one dictionary, and the thresholds that guarantee l1 recovery."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from analysis.theory.babel import absolute_gram, babel

MOST_SUPPORTS = 200_000
_BATCH = 4096

SUFFICIENT_2K = {"Candes2008": math.sqrt(2) - 1, "MoLi2011": 0.4931, "CaiZhang2014": 1 / math.sqrt(2)}
"""delta_2K below the value: basis pursuit recovers every K-sparse code. The last cannot be improved [CaiZhang2014]."""


@dataclass(frozen=True)
class IsometryConstant:
    """delta_K with bounds from below and above; equal where every support was tried."""

    low: float
    high: float


def restricted_isometry(
    dictionary: Float[np.ndarray, "n_dims n_latents"], n_active: int, *, n_supports: int = MOST_SUPPORTS, seed: int = 0
) -> IsometryConstant:
    """delta_K: least delta with (1 - delta) ||z||^2 <= ||A z||^2 <= (1 + delta) ||z||^2 for all K-sparse z.

    Columns are taken as they are; the constant means something where they are near unit norm. Every support is tried
    where there are at most `n_supports`; otherwise as many random ones give the lower bound, and Gershgorin's discs the
    upper: mu_1(K - 1) plus the greatest | ||a||^2 - 1 |, from norms of at most 1 + that. Guarantees: `SUFFICIENT_2K`
    [Candes2008], [MoLi2011], [CaiZhang2014].

    Raises ValueError for K outside 1 .. N.
    """
    atoms = np.asarray(dictionary, dtype=np.float64)
    n_latents = atoms.shape[1]
    if not 1 <= n_active <= n_latents:
        raise ValueError(f"n_active must be from 1 to the {n_latents} columns, not {n_active}")
    gram = atoms.T @ atoms
    if math.comb(n_latents, n_active) <= n_supports:
        supports = itertools.combinations(range(n_latents), n_active)
        exact = _largest_deviation(gram, supports)
        return IsometryConstant(exact, exact)
    rng = np.random.default_rng(seed)
    drawn = (rng.permutation(n_latents)[:n_active] for _ in range(n_supports))
    norms = np.diag(gram)
    upper = float(np.max(np.abs(norms - 1)) + babel(atoms)[n_active - 1] * np.max(norms))
    return IsometryConstant(_largest_deviation(gram, drawn), upper)


def isometry_limit(dictionary: Float[np.ndarray, "n_dims n_latents"]) -> int:
    """Largest K for which delta_2K < 1/sqrt(2) is certain, every support tried or bounded by Gershgorin's discs."""
    n_latents = absolute_gram(dictionary).shape[0]
    certain = 0
    for n_active in range(1, n_latents // 2 + 1):
        if restricted_isometry(dictionary, 2 * n_active).high >= SUFFICIENT_2K["CaiZhang2014"]:
            break
        certain = n_active
    return certain


def _largest_deviation(gram: np.ndarray, supports: Iterable[Any]) -> float:
    """Greatest |eigenvalue - 1| of the principal submatrices, in batches."""
    iterator, worst = iter(supports), 0.0
    while batch := list(itertools.islice(iterator, _BATCH)):
        chosen = np.array(batch)
        values = np.linalg.eigvalsh(gram[chosen[:, :, None], chosen[:, None, :]])
        worst = max(worst, float(np.max(np.abs(values - 1))))
    return worst
