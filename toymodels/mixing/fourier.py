"""Rows of the real discrete Fourier basis."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def fourier_dictionary(key: PRNGKeyArray, *, n_dims: int, n_latents: int) -> Float[Array, "n_dims n_latents"]:
    """Draw floor(M / 2) of the frequencies 1, ..., floor((N - 1) / 2), each a cosine and a sine row.

        A_{2q, i} = sqrt(2 / M) cos(2 pi f_q i / N),    A_{2q + 1, i} = sqrt(2 / M) sin(2 pi f_q i / N);

    for odd M the constant row sqrt(1 / M) comes first. A cosine and a sine of one frequency kept together, every
    column has norm 1 exactly and A A^T = (N / M) I: a harmonic frame, the real form of the partial Fourier matrices
    of Candès, Romberg & Tao (2006). The cosine of columns i and j depends on i - j alone.

    Args:
        key: the only source of randomness.
        n_dims: number of rows M, at most the 2 floor((N - 1) / 2) + 1 rows that there are (less 1 for even M).
        n_latents: number of columns N.

    Returns:
        The dictionary, in JAX's default floating dtype.

    Raises:
        ValueError: if there are not that many frequencies.
    """
    n_frequencies = (n_latents - 1) // 2
    if n_dims // 2 > n_frequencies:
        raise ValueError(f"n_latents {n_latents} has {n_frequencies} frequencies, n_dims {n_dims} takes {n_dims // 2}")
    frequency = 1 + jax.random.permutation(key, n_frequencies)[: n_dims // 2]
    # Whole turns are taken off among integers, where nothing is rounded.
    turn = (frequency[:, None] * jnp.arange(n_latents)[None, :] % n_latents) / n_latents
    waves = jnp.stack([jnp.cos(2 * jnp.pi * turn), jnp.sin(2 * jnp.pi * turn)], axis=1)
    rows = (2 / n_dims) ** 0.5 * waves.reshape(-1, n_latents)
    constant = jnp.full((n_dims % 2, n_latents), (1 / n_dims) ** 0.5)
    return jnp.concatenate([constant, rows], axis=0)
