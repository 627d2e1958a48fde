"""What a matched similarity comes to when there is nothing to find."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class ChanceLevel:
    """Mean over repeats, and the standard error of that mean (nan for one repeat)."""

    mean: float
    se: float


def dictionary_chance(n_dims: int, n_atoms_a: int, n_atoms_b: int, *, seed: int, repeats: int = 8) -> ChanceLevel:
    """Mean |cosine| of two unrelated random unit dictionaries under the best one-to-one matching, by Monte Carlo.

    Atoms are uniform on the sphere in `n_dims` dimensions; the mean is over the min(n_atoms_a, n_atoms_b) matched
    pairs. The same arguments give the same number.

    Raises ValueError where a count is below 1.
    """
    for name, count in (("n_dims", n_dims), ("n_atoms_a", n_atoms_a), ("n_atoms_b", n_atoms_b), ("repeats", repeats)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    rng = np.random.default_rng(seed)
    levels = np.array([_matched_cosine(rng, n_dims, n_atoms_a, n_atoms_b) for _ in range(repeats)])
    se = levels.std(ddof=1) / np.sqrt(repeats) if repeats > 1 else np.nan
    return ChanceLevel(float(levels.mean()), float(se))


def _matched_cosine(rng: np.random.Generator, n_dims: int, n_atoms_a: int, n_atoms_b: int) -> float:
    similarity = np.abs(_unit_atoms(rng, n_dims, n_atoms_a).T @ _unit_atoms(rng, n_dims, n_atoms_b))
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    return float(similarity[rows, columns].mean())


def _unit_atoms(rng: np.random.Generator, n_dims: int, n_atoms: int) -> Float[np.ndarray, "n_dims n_atoms"]:
    atoms = rng.standard_normal((n_dims, n_atoms))
    return atoms / np.linalg.norm(atoms, axis=0)
