"""What a matched similarity comes to when there is nothing to find."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats
from scipy.optimize import linear_sum_assignment

# Fewer atoms than these are matched by simulation, with as many repeats as give so many pairs.
_MANY = 64
_PAIRS = 20_000
_MOST_REPEATS = 4000


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


def matched_cosine_chance(n_dims: int, n_atoms_a: int, n_atoms_b: int) -> float:
    """What `dictionary_chance` estimates: mean |cosine| of the best matching of unrelated atoms.

    From 64 atoms on, on the larger side, without sampling: the cavity method for the random assignment problem
    [MezardParisi1985], with costs whose density grows exponentially, as the logarithm of |cosine|'s tail probability
    does. With n <= m atoms, b = n / m, and L = -log(1 - b), a matched pair's |cosine| has tail probability T / m, where
    T has the density

        h(t) = integral_0^L exp(-y - b t / y) dy + (1 - b) exp(-b t / L),

    2 sqrt(t) K_1(2 sqrt(t)) for b = 1 and exp(-t), the maximum of m alone, for b = 0. Exact as log m grows if cosines
    were independent; against simulation it is within .003 from 64 atoms on.

    Below, where it is too low (by .045 at 8 on 8 in 4 dimensions, .015 at 16 on 16 in 10), it is simulated with a fixed
    seed, to a standard error of about .001. The same arguments give the same number.

    Raises ValueError where a count is below 1.
    """
    for name, count in (("n_dims", n_dims), ("n_atoms_a", n_atoms_a), ("n_atoms_b", n_atoms_b)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    if n_dims == 1:
        return 1.0
    few, many = sorted((n_atoms_a, n_atoms_b))
    if many < _MANY:
        return dictionary_chance(n_dims, few, many, seed=0, repeats=min(_PAIRS // few, _MOST_REPEATS)).mean
    return _cavity_cosine(n_dims, few, many)


def _cavity_cosine(n_dims: int, few: int, many: int) -> float:
    share = few / many
    last = -np.log1p(-share) if share < 1 else np.inf
    nodes, weights = np.polynomial.legendre.leggauss(400)
    top = min(last, 40.0)
    y, weight = top * (nodes + 1) / 2, top * weights / 2
    # In s = log t: from where nothing is left of the density's mass to a tail probability of 1.
    s = np.linspace(-30.0, np.log(many), 4000)
    t = np.exp(s)
    density = np.exp(-y[None, :] - share * t[:, None] / y[None, :]) @ weight
    if share < 1:
        density = density + (1 - share) * np.exp(-share * t / last)
    # By rounding the last tail probability may lie above 1.
    cosine = np.sqrt(stats.beta.isf(np.minimum(t / many, 1.0), 0.5, (n_dims - 1) / 2))
    return float(np.trapezoid(cosine * density * t, s))


def correlation_chance(n_samples: int, n_latents: int, n_atoms: int) -> float:
    """MCC of unrelated codes on few samples: `matched_cosine_chance` in n_samples - 1 dimensions.

    Centred over the samples, independent columns are directions at random if those of one side are Gaussian. Sparse
    codes correlate by chance more strongly than that: permute the samples instead
    (`analysis.metrics.permuted_mean_correlation`). Raises ValueError for fewer than two samples or no latents.
    """
    if n_samples < 2:
        raise ValueError(f"n_samples must be at least 2, not {n_samples}")
    return matched_cosine_chance(n_samples - 1, n_latents, n_atoms)


def _matched_cosine(rng: np.random.Generator, n_dims: int, n_atoms_a: int, n_atoms_b: int) -> float:
    similarity = np.abs(_unit_atoms(rng, n_dims, n_atoms_a).T @ _unit_atoms(rng, n_dims, n_atoms_b))
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    return float(similarity[rows, columns].mean())


def _unit_atoms(rng: np.random.Generator, n_dims: int, n_atoms: int) -> Float[np.ndarray, "n_dims n_atoms"]:
    atoms = rng.standard_normal((n_dims, n_atoms))
    return atoms / np.linalg.norm(atoms, axis=0)
