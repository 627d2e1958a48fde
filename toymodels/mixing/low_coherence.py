"""Nearly equiangular dictionaries: coherence brought down towards Welch's bound."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.mixing.gaussian import gaussian_dictionary


def low_coherence_dictionary(
    key: PRNGKeyArray, *, n_dims: int, n_latents: int, n_iterations: int = 300, target: float | None = None
) -> Float[Array, "n_dims n_latents"]:
    """Shrink the largest cosines of a random dictionary, by alternating projections (Tropp et al. 2005).

    Each iteration clips the off-diagonal entries of the Gram matrix to +-target and returns to the nearest Gram
    matrix of rank M, of unit diagonal after scaling. Coherence can't fall below sqrt((N - M) / (M (N - 1)))
    (Welch 1974); how near one comes depends on M and N, so measure it. An iteration costs an N x N eigenvalue problem.

    Args:
        key: the only source of randomness.
        n_dims: number of rows M.
        n_latents: number of columns N, above M.
        n_iterations: projections.
        target: the cosine to clip at; None takes Welch's bound.

    Returns:
        The dictionary of lowest coherence that was met, with unit-norm columns, in JAX's default floating dtype.

    Raises:
        ValueError: if N is not above M, or the count is not positive.
    """
    if n_latents <= n_dims:
        raise ValueError(f"n_latents must be above n_dims, got {n_latents} and {n_dims}; take orthogonal_dictionary")
    if n_iterations < 1:
        raise ValueError(f"n_iterations must be at least 1, got {n_iterations}")
    bound = ((n_latents - n_dims) / (n_dims * (n_latents - 1))) ** 0.5 if target is None else target
    diagonal = jnp.eye(n_latents, dtype=bool)

    def largest(dictionary):
        return jnp.max(jnp.where(diagonal, 0, jnp.abs(dictionary.T @ dictionary)))

    def step(_, state):
        dictionary, best, lowest = state
        gram = dictionary.T @ dictionary
        clipped = jnp.where(diagonal, 1, jnp.clip(gram, -bound, bound))
        values, vectors = jnp.linalg.eigh(clipped)
        factor = jnp.sqrt(jnp.maximum(values[-n_dims:], 0))[:, None] * vectors[:, -n_dims:].T
        dictionary = factor / jnp.linalg.norm(factor, axis=0, keepdims=True)
        coherence = largest(dictionary)
        better = coherence < lowest
        return dictionary, jnp.where(better, dictionary, best), jnp.where(better, coherence, lowest)

    start = gaussian_dictionary(key, n_dims=n_dims, n_latents=n_latents)
    return jax.lax.fori_loop(0, n_iterations, step, (start, start, largest(start)))[1]
