"""Principal axes, and unit atoms with a linear readout: what learners without sparse codes share."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.encoders.linear_readout import LinearReadout
from recovery.learners.start import random_instead_of_none


class PrincipalAxes(NamedTuple):
    """Eigenvectors of the covariance, one a column, with their variances, largest first; and the mean."""

    axes: Float[Array, "n_dims n_axes"]
    variances: Float[Array, " n_axes"]
    mean: Float[Array, " n_dims"]


def principal_axes(observations: Float[Array, "n_samples n_dims"], *, n_axes: int) -> PrincipalAxes:
    """The first `n_axes` (at most n_dims) principal axes."""
    mean = jnp.mean(observations, axis=0)
    centred = observations - mean[None, :]
    variances, axes = jnp.linalg.eigh(centred.T @ centred / observations.shape[0])
    return PrincipalAxes(axes[:, ::-1][:, :n_axes], jnp.maximum(variances[::-1][:n_axes], 0), mean)


def read_linearly(
    observations: Float[Array, "n_samples n_dims"],
    atoms: Float[Array, "n_dims n_found"],
    weights: Float[Array, "n_dims n_found"],
    *,
    n_atoms: int,
    nonnegative: bool,
    key: PRNGKeyArray,
) -> tuple[Float[Array, "n_dims n_atoms"], LinearReadout]:
    """A dictionary that begins with the atoms, scaled to unit norm, and the readout of their codes y W.

    The signs are those for which codes have a mean >= 0. Random atoms fill the dictionary up to `n_atoms`; they, and
    those that stand in for an atom of zero, have codes 0.
    """
    norms = jnp.linalg.norm(atoms, axis=0)
    signs = jnp.where(jnp.mean(observations, axis=0) @ weights < 0, -1, 1).astype(atoms.dtype)
    dictionary = random_instead_of_none(atoms * signs[None, :], n_atoms=n_atoms, key=key)
    weights = jnp.pad(weights * (signs * norms)[None, :], ((0, 0), (0, n_atoms - atoms.shape[1])))
    return dictionary, LinearReadout(weights, jnp.zeros(n_atoms, atoms.dtype), nonnegative)
