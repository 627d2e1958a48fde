"""Many samples some at a time: what a block works on stays in the cache, and memory does not grow with the samples."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

BLOCK = 2500
"""Samples at once. On two cores, 10,000 samples of 64 dimensions and 256 atoms take a third less time than together."""

Answer = TypeVar("Answer")


def in_blocks(solve: Callable[..., Answer], *arrays: Array) -> Answer:
    """`solve(*arrays)`, whose arrays and answers all have the samples first, by blocks where there are many.

    The last block is filled up with zeros, and what is found for them dropped.
    """
    n_samples = arrays[0].shape[0]
    if n_samples < 2 * BLOCK:
        return solve(*arrays)
    n_blocks = -(-n_samples // BLOCK)
    missing = n_blocks * BLOCK - n_samples

    def parted(array: Array) -> Array:
        filled = jnp.pad(array, ((0, missing), *((0, 0) for _ in array.shape[1:])))
        return filled.reshape(n_blocks, BLOCK, *array.shape[1:])

    found = jax.lax.map(lambda parts: solve(*parts), tuple(map(parted, arrays)))
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:n_samples], found)
