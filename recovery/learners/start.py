"""What learners share: the scale of the data, first atoms, unit columns, the best of several runs, how a fit ended."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from recovery.solution import Status

Start = Literal["samples", "random"]


class Run(NamedTuple):
    """A dictionary of unit columns, and the objective at each step on the way to it."""

    dictionary: Float[Array, "n_dims n_atoms"]
    history: Float[Array, " n_steps"]


def unit_scale(observations: Float[Array, "n_samples n_dims"]) -> Float[Array, ""]:
    """Root mean square norm of the observations; 1 if they are all zero."""
    scale = jnp.sqrt(jnp.mean(jnp.sum(observations**2, axis=1)))
    return jnp.where(scale == 0, 1, scale)


def unit_columns(
    dictionary: Float[Array, "n_dims n_atoms"], otherwise: Float[Array, "n_dims n_atoms"]
) -> Float[Array, "n_dims n_atoms"]:
    """Columns scaled to unit norm; a column of norm 0 is replaced by that of `otherwise`."""
    norms: Array = jnp.linalg.norm(dictionary, axis=0)
    return jnp.where(norms == 0, otherwise, dictionary / jnp.where(norms == 0, 1, norms))


def random_atoms(n_dims: int, n_atoms: int, *, key: PRNGKeyArray, dtype: jnp.dtype) -> Float[Array, "n_dims n_atoms"]:
    """Independent atoms, uniform on the unit sphere."""
    atoms = jax.random.normal(key, (n_dims, n_atoms), dtype)
    return atoms / jnp.linalg.norm(atoms, axis=0)


def atoms_from_samples(
    samples: Float[Array, "n_samples n_dims"],
    *,
    n_atoms: int,
    key: PRNGKeyArray,
    odds: Float[Array, " n_samples"] | None = None,
) -> Float[Array, "n_dims n_atoms"]:
    """Normalised samples, drawn with replacement in proportion to `odds`, or to their squared norm."""
    key_draw, key_random = jax.random.split(key)
    cumulative = jnp.cumsum(jnp.sum(samples**2, axis=1) if odds is None else odds)
    draws = cumulative[-1] * jax.random.uniform(key_draw, (n_atoms,), samples.dtype)
    chosen = samples[jnp.searchsorted(cumulative, draws)].T
    return unit_columns(chosen, random_atoms(*chosen.shape, key=key_random, dtype=samples.dtype))


def first_atoms(
    samples: Float[Array, "n_samples n_dims"], *, start: Start, n_atoms: int, key: PRNGKeyArray
) -> Float[Array, "n_dims n_atoms"]:
    """Normalised samples (`atoms_from_samples`) or random directions (`random_atoms`)."""
    if start == "samples":
        return atoms_from_samples(samples, n_atoms=n_atoms, key=key)
    return random_atoms(samples.shape[1], n_atoms, key=key, dtype=samples.dtype)


def random_instead_of_none(
    atoms: Float[Array, "n_dims n_found"], *, n_atoms: int, key: PRNGKeyArray
) -> Float[Array, "n_dims n_atoms"]:
    """Atoms scaled to unit norm, then random ones up to `n_atoms`; a zero atom becomes a random one as well."""
    n_dims, n_found = atoms.shape
    otherwise = random_atoms(n_dims, n_atoms, key=key, dtype=atoms.dtype)
    return jnp.hstack([unit_columns(atoms, otherwise[:, :n_found]), otherwise[:, n_found:]])


def best_of(run: Callable[[PRNGKeyArray], Run], key: PRNGKeyArray, *, n_runs: int) -> Run:
    """The run with the lowest last objective of `n_runs`, one after the other; a single one is given `key` itself.

    A run that is not finite counts as the best, so that it is seen.
    """
    if n_runs == 1:
        return run(key)
    runs = jax.lax.map(run, jax.random.split(key, n_runs))
    best = jnp.argmin(runs.history[:, -1])
    return Run(runs.dictionary[best], runs.history[best])


def fit_status(dictionary: Float[Array, "n_dims n_atoms"], history: Float[Array, " n_steps"]) -> Int[Array, ""]:
    """A learner of fixed length has converged unless its numbers are not finite."""
    finite = jnp.all(jnp.isfinite(dictionary)) & jnp.all(jnp.isfinite(history))
    return jnp.where(finite, Status.CONVERGED, Status.NON_FINITE).astype(jnp.int32)
