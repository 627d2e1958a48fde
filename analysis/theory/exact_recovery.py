"""Which supports the very dictionary lets greedy and l1 methods recover.

All three quantities look at one support S of the dictionary's columns A_S, with G = A_S^+ A_rest the coefficients
of the other columns in A_S; a support whose columns are linearly dependent gets inf.
"""

import numpy as np
from jaxtyping import Float, Int

from analysis.theory.babel import unit_columns


def exact_recovery_coefficient(
    dictionary: Float[np.ndarray, "n_dims n_latents"], support: Int[np.ndarray, " n_active"]
) -> float:
    """max over the other columns of ||A_S^+ a||_1; below 1 is the exact recovery condition, ERC [Tropp2004].

    Below 1, orthogonal matching pursuit and basis pursuit recover every code on S from noiseless observations, whatever
    its amplitudes and signs; above 1 there are codes on S that OMP misses. Columns are scaled to unit norm first. 0
    where S holds all columns. Raises ValueError where S is no set of columns.
    """
    coefficients = _coefficients(dictionary, support)
    if coefficients is None:
        return float("inf")
    return float(np.max(np.sum(np.abs(coefficients), axis=0), initial=0.0))


def irrepresentability(
    dictionary: Float[np.ndarray, "n_dims n_latents"],
    support: Int[np.ndarray, " n_active"],
    signs: Float[np.ndarray, " n_active"],
    *,
    nonnegative: bool = False,
) -> float:
    """max over the other columns of |a^T A_S (A_S^T A_S)^-1 sign(z_S)| [ZhaoYu2006].

    The lasso returns the right signs on S for some penalty, where noise is small beside the amplitudes, only if this is
    at most 1, and does if it is below 1. `nonnegative` leaves the absolute value out, as the non-negative lasso does
    (its signs are all 1). Never above the ERC's coefficient. Columns keep their scale: the condition depends on it.
    """
    coefficients = _coefficients(dictionary, support, scaled=False)
    if coefficients is None:
        return float("inf")
    sign = np.sign(np.asarray(signs, dtype=np.float64))
    if sign.shape != (coefficients.shape[0],):
        raise ValueError(f"signs need one value per column of the support, {coefficients.shape[0]}, not {sign.shape}")
    values = coefficients.T @ sign
    return float(np.max(values if nonnegative else np.abs(values), initial=0.0))


def fuchs_coefficient(
    dictionary: Float[np.ndarray, "n_dims n_latents"],
    support: Int[np.ndarray, " n_active"],
    signs: Float[np.ndarray, " n_active"],
) -> float:
    """`irrepresentability` with columns of unit norm: below 1, basis pursuit recovers codes of these signs on S.

    A sufficient condition of [Fuchs2004]; the dual vector A_S (A_S^T A_S)^-1 sign(z_S) certifies the minimum.
    """
    return irrepresentability(unit_columns(dictionary), support, signs)


def _coefficients(dictionary: np.ndarray, support: np.ndarray, *, scaled: bool = True) -> np.ndarray | None:
    atoms = unit_columns(dictionary) if scaled else np.asarray(dictionary, dtype=np.float64)
    chosen = np.asarray(support)
    n_latents = atoms.shape[1]
    if chosen.ndim != 1 or not np.all((chosen >= 0) & (chosen < n_latents)) or np.unique(chosen).size != chosen.size:
        raise ValueError(f"support must hold different columns of {n_latents}, not {chosen.tolist()}")
    inside = atoms[:, chosen]
    if np.linalg.matrix_rank(inside) < chosen.size:
        return None
    return np.linalg.pinv(inside) @ np.delete(atoms, chosen, axis=1)
