"""What priors over blocks of latents share."""

import jax.numpy as jnp
from jaxtyping import Array, Bool


def n_blocks(n_latents: int, block_size: int) -> int:
    """How many blocks there are. Raises ValueError where they do not fill the latents."""
    if block_size < 1 or n_latents % block_size:
        raise ValueError(f"block_size must divide n_latents, got {block_size} and {n_latents}")
    return n_latents // block_size


def spread(blocks: Bool[Array, "n_samples n_blocks"], block_size: int) -> Bool[Array, "n_samples n_latents"]:
    """Each block's entry, for all of its latents."""
    return jnp.repeat(blocks, block_size, axis=1)
