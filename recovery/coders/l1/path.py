"""The lasso's solution path, followed from lambda_max down: what homotopy and basis-pursuit denoising share."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from recovery.coders.gathered import Gathered, gather
from recovery.iterate import Outcome, Verdict, iterate
from recovery.rows import largest_entry

_RIDGE = 4


class PathState(NamedTuple):
    """Where each sample is on its path: exact lasso codes at `penalty`, and the atoms that carry them."""

    codes: Float[Array, "n_samples n_latents"]
    penalty: Float[Array, " n_samples"]
    active: Bool[Array, "n_samples n_latents"]
    signs: Float[Array, "n_samples n_latents"]
    just_left: Int[Array, " n_samples"]
    """The atom that left in the last step and must not come back in the next; -1 if none."""
    ended: Bool[Array, " n_samples"]


def follow(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    least: Callable[[PathState, Float[Array, "n_samples n_dims"], Float[Array, "n_samples n_dims"]], Array],
    residual_of: Callable[[PathState], Float[Array, " n_samples"]],
    tolerance: Float[Array, ""] | float,
    *,
    nonnegative: bool,
    max_iterations: int,
) -> tuple[PathState, Outcome]:
    """Follow the piecewise linear path until `least` ends it.

    On a segment r(lambda - s) = r - s u, with u = A_S (A_S^T A_S)^-1 sign: `least(state, r, u)` gives the penalty at
    which the path is to end if the segment reaches it. Codes are solved afresh from the active set at every knot, so
    that rounding does not add up. Osborne, Presnell & Turlach 2000; Efron, Hastie, Johnstone & Tibshirani 2004.
    """
    n_samples, n_latents = observations.shape[0], dictionary.shape[1]
    n_slots = min(dictionary.shape)
    correlations = observations @ dictionary
    strength = correlations if nonnegative else jnp.abs(correlations)
    first, largest = largest_entry(strength)
    largest = jnp.maximum(largest, 0)
    signs = jnp.sign(correlations)

    def step(state: PathState) -> PathState:
        gathered = gather(dictionary, state.active, n_slots=n_slots, ridge=_RIDGE)
        direction = gathered.scatter(_refined(gathered, state.signs), n_latents)
        residual = observations - state.codes @ dictionary.T
        image = direction @ dictionary.T
        current, slope = residual @ dictionary, image @ dictionary
        penalty = state.penalty[:, None]
        free = ~state.active & (jnp.arange(n_latents)[None, :] != state.just_left[:, None])
        rising = _crossing(penalty - current, 1 - slope, free)
        falling = jnp.full_like(rising, jnp.inf) if nonnegative else _crossing(penalty + current, 1 + slope, free)
        joining = jnp.minimum(rising, falling)
        leaving = _crossing(state.codes * state.signs, -direction * state.signs, state.active)
        enter, leave = jnp.min(joining, axis=1), jnp.min(leaving, axis=1)
        last = jnp.maximum(state.penalty - least(state, residual, image), 0)
        length = jnp.minimum(jnp.minimum(enter, leave), last)
        ended = last <= jnp.minimum(enter, leave)
        new_penalty = state.penalty - length
        joins, leaves = ~ended & (enter <= leave), ~ended & (leave < enter)
        arriving = jax.nn.one_hot(jnp.argmin(joining, axis=1), n_latents, dtype=bool) & joins[:, None]
        going = jax.nn.one_hot(jnp.argmin(leaving, axis=1), n_latents, dtype=bool) & leaves[:, None]
        right = correlations - new_penalty[:, None] * state.signs
        codes = gathered.scatter(_refined(gathered, right), n_latents)
        # At a knot the atom that goes is at zero but for rounding.
        codes = jnp.where(going, 0, codes)
        sign = jnp.where(rising <= falling, 1, -1).astype(codes.dtype)
        active = (state.active | arriving) & ~going
        return PathState(
            codes=codes,
            penalty=new_penalty,
            active=active,
            signs=jnp.where(arriving, sign, jnp.where(going, 0, state.signs)),
            just_left=jnp.where(leaves, jnp.argmin(leaving, axis=1), -1).astype(jnp.int32),
            ended=ended | (jnp.sum(active, axis=1) > n_slots),
        )

    def judge(state: PathState) -> Verdict:
        residual = residual_of(state)
        return Verdict(residual, residual <= tolerance, state.ended)

    active = jax.nn.one_hot(first, n_latents, dtype=bool) & (largest > 0)[:, None]
    start = PathState(
        codes=jnp.zeros((n_samples, n_latents), observations.dtype),
        penalty=largest,
        active=active,
        signs=jnp.where(active, signs, 0),
        just_left=jnp.full(n_samples, -1, jnp.int32),
        ended=jnp.zeros(n_samples, bool),
    )
    return iterate(step, judge, start, n_samples=n_samples, max_iterations=max_iterations)


def _crossing(distance: Array, speed: Array, allowed: Array) -> Array:
    """How far to go until `distance` is used up at `speed`; inf where it never is."""
    rounding = 8 * jnp.finfo(distance.dtype).eps
    reaches = allowed & (speed > rounding)
    return jnp.where(reaches, jnp.maximum(distance, 0) / jnp.where(reaches, speed, 1), jnp.inf)


def _refined(gathered: Gathered, values: Array) -> Array:
    """The solution of the active atoms' normal equations for right-hand sides `values`, in the slots."""
    target = jnp.take_along_axis(values, gathered.places, axis=1) * gathered.used
    found = gathered.solve(target)
    missing = target - jnp.einsum("pst,pt->ps", gathered.gram, found)
    return (found + gathered.solve(missing)) * gathered.used
