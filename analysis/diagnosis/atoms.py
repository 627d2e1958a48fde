"""Atoms that two fits agree on."""

import numpy as np
from jaxtyping import Float


def mutual_matches(
    first: Float[np.ndarray, "n_dims n_first"], second: Float[np.ndarray, "n_dims n_second"], *, signed: bool
) -> Float[np.ndarray, " n_matches"]:
    """Cosines of the pairs in which each atom is the other's nearest, |cosine| where codes are signed.

    Columns have unit norm. Unlike in a one-to-one matching atoms that have no counterpart are left out, so that two
    fits with more atoms than there is to find can still agree on those that they do find.
    """
    cosines = first.T @ second
    likeness = np.abs(cosines) if signed else cosines
    nearest = np.argmax(likeness, axis=1)
    back = np.argmax(likeness, axis=0)
    mutual = back[nearest] == np.arange(first.shape[1])
    return likeness[np.arange(first.shape[1]), nearest][mutual]


def count_stable(
    first: Float[np.ndarray, "n_dims n_first"],
    second: Float[np.ndarray, "n_dims n_second"],
    *,
    signed: bool,
    cosine: float = 0.9,
) -> int:
    """Mutual matches of at least this cosine: how many atoms come back."""
    return int(np.count_nonzero(mutual_matches(first, second, signed=signed) >= cosine))


def share_of_opposites(atoms: Float[np.ndarray, "n_dims n_atoms"], *, cosine: float = -0.9) -> float:
    """Share of atoms that have another one pointing the other way, with a cosine of `cosine` or less."""
    return float(np.mean(np.min(atoms.T @ atoms, axis=0) <= cosine))
