"""The k largest entries of each row, k traced."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

_PEELED = 4
"""How many of the k largest are found one by one, each the largest of what is left; a pass for each."""


def keep_largest(
    values: Float[Array, "n_samples n_latents"], k: Int[Array, ""] | Float[Array, ""] | float
) -> Float[Array, "n_samples n_latents"]:
    """`values` with all but the k largest positive entries of each row set to 0.

    Entries tied at the threshold, to its precision, are all dropped: a row keeps at most k entries.
    """
    return jnp.where(values > kth_threshold(values, k)[:, None], values, 0)


class _Bracket(NamedTuple):
    """More than k entries of a row exceed `low`; at most k exceed `high`, `missing` fewer than k."""

    low: Float[Array, " n_samples"]
    high: Float[Array, " n_samples"]
    missing: Float[Array, " n_samples"]


def kth_threshold(
    values: Float[Array, "n_samples n_latents"], k: Float[Array, "..."] | Int[Array, "..."] | float
) -> Float[Array, " n_samples"]:
    """A threshold >= 0 that k entries of a row exceed, or fewer where fewer are positive or the k-th has equals.

    k may be traced, a scalar or one number a row. Sorting is slow on CPUs and needs a static k. So all but the last
    few of the k are told from the rest by bisection, and the last ones found one by one, down to the (k + 1)-th. Rows
    in which several entries have the same value may need bisection to the end: down to one part in 2^24 (float32; 2^53
    in float64) of the row's maximum, where entries that agree to that precision are dropped together.
    """
    values = jax.lax.stop_gradient(values)
    k = jnp.asarray(k)
    zero = jnp.zeros_like(values, shape=values.shape[:1])
    top = jnp.maximum(jnp.max(values, axis=1), 0)
    # A row that has no more than k is done, which bisection must know; the others find out on the way to 0.
    few = jax.lax.cond(jnp.any(k > _PEELED), lambda: _count_above(values, zero) <= k, lambda: zero > 0)
    bracket = _bisect(values, k, _Bracket(zero, top, zero + k), few, n_missing=_PEELED)
    last = _peel(values, bracket, few)
    too_many = ~few & (_count_above(values, last) > k)
    bracket = _bisect(values, k, bracket._replace(low=last), ~too_many, n_missing=0)
    return jnp.where(few, 0, jnp.where(too_many, bracket.high, last))


def _bisect(
    values: Array, k: Array, bracket: _Bracket, found: Bool[Array, " n_samples"], *, n_missing: int
) -> _Bracket:
    """Halve the bracket of every row until at most `n_missing` of the k are missing."""

    def unsettled(bracket: _Bracket) -> Array:
        return ~found & (bracket.missing >= n_missing + 1) & (bracket.high > 0)

    def halve(state: tuple[Array, _Bracket]) -> tuple[Array, _Bracket]:
        bits, (low, high, missing) = state
        middle = 0.5 * (low + high)
        left = k - _count_above(values, middle)
        lower = unsettled(state[1]) & (left >= 0)
        higher = unsettled(state[1]) & (left < 0)
        return bits - 1, _Bracket(
            jnp.where(higher, middle, low), jnp.where(lower, middle, high), jnp.where(lower, left, missing)
        )

    bits = jnp.int32(jnp.finfo(values.dtype).nmant + 1)
    going = lambda state: (state[0] > 0) & jnp.any(unsettled(state[1]))  # noqa: E731
    return jax.lax.while_loop(going, halve, (bits, bracket))[1]


def _peel(values: Array, bracket: _Bracket, few: Bool[Array, " n_samples"]) -> Float[Array, " n_samples"]:
    """The (k + 1)-th largest entry where at most `_PEELED` are missing above `high`, 0 if not positive; else `high`."""
    peeled = ~few & (bracket.missing < _PEELED + 1)

    def next_largest(step: Array, last: Array) -> Array:
        below = jnp.max(jnp.where(values < last[:, None], values, 0), axis=1)
        return jnp.where(step <= bracket.missing, below, last)

    n_steps = jnp.max(jnp.where(peeled, bracket.missing, -1)).astype(jnp.int32) + 1
    last: Array = jax.lax.fori_loop(0, n_steps, next_largest, jnp.nextafter(bracket.high, jnp.inf))
    return jnp.where(peeled, last, bracket.high)


def _count_above(values: Array, threshold: Float[Array, " n_samples"]) -> Float[Array, " n_samples"]:
    # In floating point, which CPUs add in vectors; exact up to 2^24 entries.
    return jnp.sum(values > threshold[:, None], axis=1, dtype=values.dtype)
