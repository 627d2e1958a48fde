"""Dictionary updates for given codes; columns of unit norm unless said otherwise."""

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Float

from recovery.learners.start import unit_columns

_RIDGE = 1e-3


def least_squares_dictionary(
    data: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_atoms"],
    dictionary: Float[Array, "n_dims n_atoms"],
) -> Float[Array, "n_dims n_atoms"]:
    """The dictionary that explains the data best with these codes, its columns not scaled; an atom without codes stays.

    A ridge of a thousandth of the largest sum of squared codes pulls towards the last dictionary, not towards zero.
    """
    gram = codes.T @ codes
    ridge = _RIDGE * jnp.max(jnp.diagonal(gram)) + jnp.finfo(gram.dtype).tiny
    factor = jnp.linalg.cholesky(gram + ridge * jnp.eye(gram.shape[0], dtype=gram.dtype))
    target = codes.T @ data + ridge * dictionary.T
    return cho_solve((factor, True), target).T


def rank_one_updates(
    data: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_atoms"],
    dictionary: Float[Array, "n_dims n_atoms"],
    *,
    n_power_steps: int,
    nonnegative: bool,
) -> tuple[Float[Array, "n_dims n_atoms"], Float[Array, "n_samples n_atoms"]]:
    """One atom after the other, with its codes g: min ||E - g d^T||_F over unit d and g on the samples that use it.

    E is what the other atoms leave of those samples. `n_power_steps` times d = E^T g / ||E^T g||, then g = E d, or
    max(E d, 0) if `nonnegative`: power iteration for the leading singular pair, or alternating minimisation, which
    never raises the error. An atom that no sample uses stays.
    """

    def update(residual: Array, atom_and_codes: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        atom, weights = atom_and_codes
        error = residual + weights[:, None] * atom[None, :]

        def step(_: Array, pair: tuple[Array, Array]) -> tuple[Array, Array]:
            atom, now = pair
            direction = unit_columns((now @ error)[:, None], atom[:, None])[:, 0]
            projected = error @ direction
            fitted = jnp.where(weights == 0, 0, jnp.maximum(projected, 0) if nonnegative else projected)
            return direction, fitted

        new_atom, new_weights = jax.lax.fori_loop(0, n_power_steps, step, (atom, weights))
        return error - new_weights[:, None] * new_atom[None, :], (new_atom, new_weights)

    start = data - codes @ dictionary.T
    _, (atoms, weights) = jax.lax.scan(update, start, (dictionary.T, codes.T))
    return atoms.T, weights.T


def coordinate_descent(
    dictionary: Float[Array, "n_dims n_atoms"],
    gram: Float[Array, "n_atoms n_atoms"],
    cross: Float[Array, "n_dims n_atoms"],
) -> Float[Array, "n_dims n_atoms"]:
    """One pass over the atoms, each set to the unit vector that minimises 1/2 tr(D^T D gram) - tr(D^T cross).

    With gram = Z^T Z and cross = Y^T Z that is 1/2 ||Y - Z D^T||_F^2 but for a constant. An atom without codes stays.
    """

    def update(j: Array, rows: Float[Array, "n_atoms n_dims"]) -> Float[Array, "n_atoms n_dims"]:
        weight = gram[j, j]
        target = cross[:, j] - gram[j] @ rows + weight * rows[j]
        moved = unit_columns(target[:, None], rows[j][:, None])[:, 0]
        return rows.at[j].set(jnp.where(weight == 0, rows[j], moved))

    return jax.lax.fori_loop(0, dictionary.shape[1], update, dictionary.T).T
