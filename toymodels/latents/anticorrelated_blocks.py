"""Latents that exclude each other: the anti-correlated feature sets of Elhage et al. (2022)."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.latents.blocks import n_blocks, spread
from toymodels.latents.magnitudes import find_magnitude, magnitudes_where


def anticorrelated_blocks(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_latents: int,
    block_size: int,
    density: Float[ArrayLike, ""],
    magnitude: str = "uniform",
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes in which at most one latent of a block is active.

    Block b holds latents b s, ..., (b + 1) s - 1 with s the block's size. With probability s density one of them,
    each as likely as another, is active; so every latent is active with probability ``density``.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_latents: number of columns N.
        block_size: latents per block, a divisor of N; 2 gives the anti-correlated pairs.
        density: probability that a latent is active, at most 1 / block_size (more counts as that); may be traced. It
            also gives the floating dtype.
        magnitude: a name in ``MAGNITUDES``.

    Returns:
        Codes, one sample a row.

    Raises:
        ValueError: if the blocks do not fill the latents or there is no such magnitude.
    """
    kind = find_magnitude(magnitude)
    blocks = n_blocks(n_latents, block_size)
    density = jnp.asarray(density)
    dtype = jnp.result_type(density, float)
    firing_key, magnitude_key = jax.random.split(key)
    # One uniform number a block: below s density it says which latent, cut into s pieces of length density.
    share = jax.random.uniform(firing_key, (n_samples, blocks), dtype)
    piece = jnp.floor(share / jnp.minimum(density, 1 / block_size)).astype(jnp.int32)
    within = jnp.broadcast_to(jnp.arange(n_latents) % block_size, (n_samples, n_latents))
    return magnitudes_where(spread(piece, block_size) == within, magnitude_key, kind, dtype)
