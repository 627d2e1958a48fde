"""Latents that are active together: the correlated feature sets of Elhage et al. (2022)."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.latents.blocks import n_blocks, spread
from toymodels.latents.magnitudes import find_magnitude, magnitudes_where


def correlated_blocks(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_latents: int,
    block_size: int,
    density: Float[ArrayLike, ""],
    magnitude: str = "uniform",
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes in which the latents of a block are all active or all inactive.

    Block b holds latents b s, ..., (b + 1) s - 1 with s the block's size. It is active with probability ``density``,
    which is then every latent's own, and independently of other blocks; magnitudes are independent throughout.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_latents: number of columns N.
        block_size: latents per block, a divisor of N; 2 gives the correlated pairs.
        density: probability that a latent is active; may be traced. It also gives the floating dtype.
        magnitude: a name in ``MAGNITUDES``.

    Returns:
        Codes, one sample a row.

    Raises:
        ValueError: if the blocks do not fill the latents or there is no such magnitude.
    """
    kind = find_magnitude(magnitude)
    blocks = n_blocks(n_latents, block_size)
    dtype = jnp.result_type(jnp.asarray(density), float)
    firing_key, magnitude_key = jax.random.split(key)
    active = jax.random.bernoulli(firing_key, density, (n_samples, blocks))
    return magnitudes_where(spread(active, block_size), magnitude_key, kind, dtype)
