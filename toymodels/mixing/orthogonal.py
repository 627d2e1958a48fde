"""Dictionaries that are as orthogonal as their shape allows."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def orthogonal_dictionary(key: PRNGKeyArray, *, n_dims: int, n_latents: int) -> Float[Array, "n_dims n_latents"]:
    """Draw orthonormal columns where N <= M; where N > M, orthogonal rows of norm sqrt(N / M).

    The latter is a tight frame: A A^T = (N / M) I, and the squared norms of its columns are 1 on average. Either way
    the factor is uniformly distributed (Haar measure): the Q of a Gaussian matrix, its signs fixed by those of R.

    Args:
        key: the only source of randomness.
        n_dims: number of rows M.
        n_latents: number of columns N.

    Returns:
        The dictionary, in JAX's default floating dtype.
    """
    tall = jax.random.normal(key, (max(n_dims, n_latents), min(n_dims, n_latents)))
    q, r = jnp.linalg.qr(tall)
    q = q * jnp.where(jnp.diagonal(r) < 0, -1, 1)[None, :]
    return q if n_dims >= n_latents else q.T * (n_latents / n_dims) ** 0.5
