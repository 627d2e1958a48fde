"""The compiled programs of a diagnosis. Dictionaries are padded with zero atoms: one program serves all sizes."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from analysis.metrics import mean_correlation
from recovery.coders.greedy.omp import Omp
from recovery.learners.classical import AlternatingMod


@partial(jax.jit, static_argnames=("n_atoms", "nonnegative"))
def learn(
    observations: Float[Array, "n_samples n_dims"], key: PRNGKeyArray, *, n_atoms: int, nonnegative: bool
) -> Float[Array, "n_dims n_atoms"]:
    """A dictionary by alternating MOD: of the learners the one that needs to be told neither sparsity nor noise."""
    return AlternatingMod(nonnegative=nonnegative).fit(observations, n_atoms=n_atoms, key=key).dictionary


@partial(jax.jit, static_argnames=("most_active", "nonnegative"))
def code(
    dictionary: Float[Array, "n_dims n_atoms"],
    observations: Float[Array, "n_samples n_dims"],
    noise_std: Float[Array, ""],
    *,
    most_active: int,
    nonnegative: bool,
) -> Float[Array, "n_samples n_atoms"]:
    """Codes by orthogonal matching pursuit down to the noise."""
    return Omp(most_active, noise_std=noise_std, nonnegative=nonnegative)(dictionary, observations).codes


@partial(jax.jit, static_argnames=("most_active", "nonnegative"))
def hidden_errors(
    dictionary: Float[Array, "n_dims n_atoms"],
    test: Float[Array, "n_folds n_rows n_dims"],
    folds: Bool[Array, "n_folds n_dims"],
    noise_std: Float[Array, " n_levels"],
    *,
    most_active: int,
    nonnegative: bool,
) -> tuple[Float[Array, "n_levels n_folds n_rows"], Int[Array, "n_levels n_folds n_rows"]]:
    """Mean squared error on hidden coordinates, and atoms used, where coding stops at each of the noise levels."""

    def at(level: Array) -> tuple[Array, Array]:
        def of_fold(fold: tuple[Array, Array]) -> tuple[Array, Array]:
            hidden, rows = fold
            seen = (~hidden).astype(rows.dtype)
            # Coding stops at noise_std sqrt(M), of which the hidden coordinates have their share.
            coder = Omp(most_active, noise_std=level * jnp.sqrt(jnp.mean(seen)), nonnegative=nonnegative)
            codes = coder(dictionary * seen[:, None], rows * seen[None, :]).codes
            squared = (rows - codes @ dictionary.T) ** 2
            error = jnp.sum(squared * hidden[None, :], axis=1) / jnp.sum(hidden)
            return error, jnp.sum(codes != 0, axis=1)

        return jax.vmap(lambda hidden, rows: of_fold((hidden, rows)))(folds, test)

    return jax.lax.map(at, noise_std)


@jax.jit
def recovery_score(
    truth: Float[Array, "n_samples n_latents"], estimate: Float[Array, "n_samples n_atoms"]
) -> Float[Array, ""]:
    """MCC of codes with the truth; give both as many columns, and latents that were missed count as 0."""
    return mean_correlation(truth, estimate).mcc


def padded(array: Float[Array | np.ndarray, "n m"], n_columns: int) -> Float[Array, "n n_columns"]:
    """The array with columns of zeros up to `n_columns`."""
    return jnp.pad(jnp.asarray(array), ((0, 0), (0, n_columns - array.shape[1])))
