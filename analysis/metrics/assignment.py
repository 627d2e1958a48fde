"""The best one-to-one matching of true latents with estimated ones."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int
from optax.assignment import hungarian_algorithm


@jax.jit  # eagerly, the algorithm's loops would be compiled anew at every call
def match(similarity: Float[Array, "n_latents n_atoms"]) -> Int[Array, " n_latents"]:
    """Return for each row the column it is matched with, maximising the sum of similarities over one-to-one matchings.

    min(n_latents, n_atoms) rows are matched; the others get -1. Entries that are not finite count as the lowest
    finite one. Exact (the Hungarian algorithm, cubic in the number of latents); ties are broken arbitrarily but
    repeatably.
    """
    finite = jnp.isfinite(similarity)
    lowest = jnp.min(jnp.where(finite, similarity, jnp.zeros_like(similarity)), initial=0.0)
    rows, columns = hungarian_algorithm(-jnp.where(finite, similarity, lowest))
    return jnp.full(similarity.shape[:1], -1).at[rows].set(columns)


def matched_values(
    similarity: Float[Array, "n_latents n_atoms"], assignment: Int[Array, " n_latents"]
) -> Float[Array, " n_latents"]:
    """Return each row's similarity to its match, 0 for a row without one."""
    rows = jnp.arange(similarity.shape[0])
    return jnp.where(assignment >= 0, similarity[rows, jnp.maximum(assignment, 0)], 0)
