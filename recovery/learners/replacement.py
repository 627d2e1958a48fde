"""Atoms that a learner had better give up."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

_UNUSED = 0.1
_DUPLICATE = 0.9


def unused_or_duplicate(
    dictionary: Float[Array, "n_dims n_atoms"], energy: Float[Array, " n_atoms"], *, nonnegative: bool
) -> Bool[Array, " n_atoms"]:
    """Atoms whose `energy` (sum of squared codes) is at most a tenth of the mean, or whose cosine with an atom before
    them is above .9; its absolute value where codes are signed."""
    cosines = dictionary.T @ dictionary
    # Opposite atoms are two atoms where codes are non-negative, and one where they are signed.
    likeness = jnp.triu(cosines if nonnegative else jnp.abs(cosines), k=1)
    return (energy <= _UNUSED * jnp.mean(energy)) | (jnp.max(likeness, axis=0) > _DUPLICATE)
