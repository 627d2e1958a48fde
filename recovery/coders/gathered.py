"""The atoms of each sample's support side by side, and their normal equations factorised."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Bool, Float, Int


class Gathered(NamedTuple):
    """Supports in a fixed number of slots; slots not used hold zero atoms, and identity in the factor."""

    used: Float[Array, "n_samples n_slots"]
    places: Int[Array, "n_samples n_slots"]
    atoms: Float[Array, "n_samples n_slots n_dims"]
    gram: Float[Array, "n_samples n_slots n_slots"]
    factor: Float[Array, "n_samples n_slots n_slots"]

    def solve(self, target: Float[Array, "n_samples n_slots"]) -> Float[Array, "n_samples n_slots"]:
        """(gram + ridge) x = target by the Cholesky factor, not refined."""
        return cho_solve((self.factor, True), target[..., None])[..., 0]

    def scatter(self, values: Float[Array, "n_samples n_slots"], n_latents: int) -> Float[Array, "n_samples n_latents"]:
        """The slots' values at their atoms' places, 0 elsewhere."""
        rows = jnp.arange(self.places.shape[0])[:, None]
        return jnp.zeros((self.places.shape[0], n_latents), values.dtype).at[rows, self.places].add(values)


def gather(
    dictionary: Float[Array, "n_dims n_latents"],
    support: Bool[Array, "n_samples n_latents"],
    *,
    n_slots: int,
    ridge: float,
) -> Gathered:
    """At most `n_slots` atoms of each support; `ridge`, in units of rounding, is added to the Gram's diagonal."""
    used, places = jax.lax.top_k(support.astype(dictionary.dtype), n_slots)
    atoms = dictionary.T[places] * used[:, :, None]
    gram = jnp.einsum("psm,ptm->pst", atoms, atoms)
    diagonal = jnp.where(used > 0, ridge * jnp.finfo(gram.dtype).eps, 1.0).astype(gram.dtype)
    factor = jnp.linalg.cholesky(gram + diagonal[:, :, None] * jnp.eye(n_slots, dtype=gram.dtype)[None])
    return Gathered(used, places, atoms, gram, factor)
