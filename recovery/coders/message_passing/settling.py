"""When message passing ends: the level of ||r||, which state evolution follows, no longer falls."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from recovery.iterate import Verdict
from recovery.residual import relative_norm

_FALL = 0.99
_GROWN = 2


class Settling(NamedTuple):
    """The least ||r|| so far, counting falls of more than 1%, and the iterations since it fell."""

    lowest: Float[Array, " n_samples"]
    waited: Int[Array, " n_samples"]


def unsettled(observations: Float[Array, "n_samples n_dims"]) -> Settling:
    """Before the first iteration, where r = y."""
    return Settling(jnp.linalg.norm(observations, axis=1), jnp.zeros(observations.shape[0], jnp.int32))


def settle(settling: Settling, residual: Float[Array, "n_samples n_dims"]) -> Settling:
    """After one more iteration."""
    size: Array = jnp.linalg.norm(residual, axis=1)
    fell = size < _FALL * settling.lowest
    return Settling(jnp.where(fell, size, settling.lowest), jnp.where(fell, 0, settling.waited + 1))


def judge_settling(
    settling: Settling,
    change: Float[Array, " n_samples"],
    residual: Float[Array, "n_samples n_dims"],
    observations: Float[Array, "n_samples n_dims"],
    *,
    tolerance: Float[Array, ""] | float,
    patience: int,
) -> Verdict:
    """Converged where codes are at rest, nothing is left, or ||r|| has settled and not grown to twice its minimum."""
    vanished = relative_norm(residual, observations) <= tolerance
    ended = settling.waited >= patience
    settled = ended & (jnp.linalg.norm(residual, axis=1) <= _GROWN * settling.lowest)
    return Verdict(change, vanished | (change <= tolerance) | settled, ended)
