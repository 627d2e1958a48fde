"""Hard thresholding, and least squares on a support."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from recovery.coders.gathered import gather
from recovery.topk import kth_threshold

_MIN_NORM = 1e-3
_RIDGE = 16
_REFINEMENTS = 2


class Normalised(NamedTuple):
    """A dictionary with unit-norm columns, and the norms they had; columns left out are zero and of norm 1."""

    dictionary: Float[Array, "n_dims n_latents"]
    norms: Float[Array, " n_latents"]


def normalise(dictionary: Float[Array, "n_dims n_latents"]) -> Normalised:
    """Columns scaled to unit norm; those below a thousandth of the largest norm are left out."""
    norms: Array = jnp.linalg.norm(dictionary, axis=0)
    usable = (norms > 0) & (norms >= _MIN_NORM * jnp.max(norms))
    norms = jnp.where(usable, norms, 1)
    # A dictionary that is not finite must not look usable.
    scaled = jnp.where(usable | jnp.isnan(dictionary), dictionary / norms, 0)
    return Normalised(scaled, norms)


def largest(
    values: Float[Array, "n_samples n_latents"], k: Int[Array, "..."] | int, *, nonnegative: bool
) -> Bool[Array, "n_samples n_latents"]:
    """Where the k largest magnitudes of each row are, or the k largest positive values; k may be traced."""
    size = jnp.maximum(values, 0) if nonnegative else jnp.abs(values)
    return size > kth_threshold(size, k)[:, None]


def least_squares(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    support: Bool[Array, "n_samples n_latents"],
    *,
    n_slots: int,
) -> Float[Array, "n_samples n_latents"]:
    """Codes on the support with the least ||y - A z||; at most `n_slots` entries of each support are used.

    The normal equations of the gathered atoms, with a ridge at rounding level (repeated atoms share), are refined
    twice by the residual, which gives back what squaring the condition number takes.
    """
    gathered = gather(dictionary, support, n_slots=min(n_slots, dictionary.shape[1]), ridge=_RIDGE)
    coefficients = jnp.zeros_like(gathered.used)
    for _ in range(1 + _REFINEMENTS):
        missing = observations - jnp.einsum("psm,ps->pm", gathered.atoms, coefficients)
        target = jnp.einsum("psm,pm->ps", gathered.atoms, missing)
        coefficients = coefficients + gathered.solve(target) * gathered.used
    return gathered.scatter(coefficients, dictionary.shape[1])
