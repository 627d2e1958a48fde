"""Babel function of a dictionary."""

import numpy as np
from jaxtyping import Float


def babel(dictionary: Float[np.ndarray, "n_dims n_latents"]) -> Float[np.ndarray, " n_latents"]:
    """mu_1(K) = max over an atom and K others of the sum of their |cosines|, for K = 0 .. N - 1 [Tropp2004].

    Columns are scaled to unit norm first (a zero column has cosine 0 with all). mu_1(1) is the coherence mu, and
    mu_1(K) <= K mu, with equality for equiangular frames. Orthogonal matching pursuit and basis pursuit recover every
    K-sparse code exactly where mu_1(K - 1) + mu_1(K) < 1, which `babel_limit` evaluates: never less than `tropp_limit`.
    """
    cosine = absolute_gram(dictionary)
    np.fill_diagonal(cosine, 0.0)
    largest_first = -np.sort(-cosine, axis=1)
    return np.concatenate([[0.0], np.cumsum(largest_first, axis=1).max(axis=0)[:-1]])


def babel_limit(dictionary: Float[np.ndarray, "n_dims n_latents"]) -> int:
    """Largest K with mu_1(K - 1) + mu_1(K) < 1; at most N - 1."""
    sums = babel(dictionary)
    return int(np.count_nonzero(np.cumsum(sums[:-1] + sums[1:] >= 1) == 0))


def absolute_gram(dictionary: Float[np.ndarray, "n_dims n_latents"]) -> Float[np.ndarray, "n_latents n_latents"]:
    """|cosine| of every pair of columns."""
    unit = unit_columns(dictionary)
    return np.abs(unit.T @ unit)


def unit_columns(dictionary: Float[np.ndarray, "n_dims n_latents"]) -> Float[np.ndarray, "n_dims n_latents"]:
    """Columns scaled to unit norm in float64; zero columns stay zero."""
    atoms = np.asarray(dictionary, dtype=np.float64)
    norm = np.linalg.norm(atoms, axis=0)
    return atoms / np.where(norm > 0, norm, 1.0)
