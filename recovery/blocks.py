"""Many samples some at a time: what a block works on stays in the cache, and memory does not grow with the samples."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from recovery.iterate import Loop, Outcome, Verdict, go_on, iterate, not_begun

BLOCK_CODES = 640_000
"""Codes at once, if that is not fewer than LEAST samples. On two cores FISTA takes two thirds of the time that all
samples together do with 256 latents, and six tenths with 1,000 and with 10,000."""
LEAST = 128

Answer = TypeVar("Answer")
State = TypeVar("State")


def in_blocks(
    solve: Callable[..., Answer],
    dictionary: Float[Array, "n_dims n_latents"],
    *arrays: Shaped[Array, "n_samples ..."],
    at_once: int = 1,
) -> Answer:
    """`solve(dictionary, *arrays)`, whose `arrays` and answers have the samples first, by blocks where there are many.

    The last block is filled up with zeros, and what is found for them dropped. `solve` is given `at_once` blocks.
    """
    n_samples = arrays[0].shape[0]
    block = at_once * _block_size(dictionary.shape[1])
    if n_samples < 2 * block:
        return solve(dictionary, *arrays)
    n_blocks = -(-n_samples // block)
    missing = n_blocks * block - n_samples

    def parted(array: Array) -> Array:
        filled = jnp.pad(array, ((0, missing), *((0, 0) for _ in array.shape[1:])))
        return filled.reshape(n_blocks, block, *array.shape[1:])

    found = jax.lax.map(lambda parts: solve(dictionary, *parts), tuple(map(parted, arrays)))
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:n_samples], found)


def iterate_in_blocks(
    step: Callable[..., State],
    judge: Callable[..., Verdict],
    state: State,
    *arrays: Shaped[Array, "n_samples ..."],
    n_latents: int,
    max_iterations: int,
    check_every: int = 1,
) -> tuple[State, Outcome]:
    """`iterate` by blocks, where `step(state, *arrays)` and `judge(state, *arrays)` see the samples of a block.

    Blocks stop when half of their samples have ended, and those that are left are brought together in fewer blocks: a
    block that waits for its slowest sample does twice the work, and here only the last one waits.
    """
    n_samples, block = arrays[0].shape[0], _block_size(n_latents)
    if n_samples < 2 * block:
        return iterate(
            lambda state: step(state, *arrays),
            lambda state: judge(state, *arrays),
            state,
            n_samples=n_samples,
            max_iterations=max_iterations,
            check_every=check_every,
        )

    def solve_some(rows: Int[Array, " block"], n_left: Int[Array, ""], loop: Loop) -> Loop:
        """These samples, until at most `n_left` of them go on."""
        some, part = jax.tree.map(lambda leaf: leaf.at[rows].get(mode="clip"), (arrays, loop))
        part = go_on(
            lambda state: step(state, *some),
            lambda state: judge(state, *some),
            part,
            n_left=n_left,
            max_iterations=max_iterations,
            check_every=check_every,
        )
        return jax.tree.map(lambda leaf, new: leaf.at[rows].set(new, mode="drop"), loop, part)

    def solve_half(loop: Loop) -> Loop:
        """Blocks of those that go on, each until half of it has ended; the last block until all have."""
        order = jnp.argsort(loop.done, stable=True)
        # Rows past the end fill up the last block: they are read as the last sample, and not written.
        order = jnp.pad(order, (0, block), constant_values=n_samples)
        n_blocks = -(-jnp.sum(~loop.done) // block)
        n_left = jnp.where(n_blocks > 1, block // 2, 0)
        return jax.lax.fori_loop(
            0,
            n_blocks,
            lambda i, loop: solve_some(jax.lax.dynamic_slice(order, (i * block,), (block,)), n_left, loop),
            loop,
        )

    start = not_begun(lambda state: judge(state, *arrays), state, n_samples=n_samples, max_iterations=max_iterations)
    loop = jax.lax.while_loop(lambda loop: ~jnp.all(loop.done), solve_half, start)
    return loop.state, loop.outcome


def _block_size(n_latents: int) -> int:
    return max(LEAST, BLOCK_CODES // n_latents)
