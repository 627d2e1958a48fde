"""Matching pursuit."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from recovery.coders.greedy.pursuit import DATA_FIELDS, META_FIELDS, Pursuit
from recovery.coders.greedy.support import Normalised
from recovery.rows import largest_entry


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Mp(Pursuit):
    """In each step the atom best correlated with the residual, its coefficient changed by the correlation.

    An atom may be chosen again; once K different ones are chosen only they are, which brings their coefficients towards
    least squares. If `nonnegative`, a coefficient falls at most to 0.

    Mallat & Zhang 1993, with the limit on different atoms added.
    """

    max_iterations: int = 300

    name: ClassVar[str] = "mp"
    summary: ClassVar[str] = "matching pursuit: one atom at a time, coefficients never fitted again"

    def _step(self, unit: Normalised, observations: Array, k: Array, codes: Array, memory: Any) -> tuple[Array, Any]:
        change = memory @ unit.dictionary
        change = jnp.maximum(change, -codes) if self.nonnegative else change
        full = jnp.sum(codes != 0, axis=1) >= k
        size = jnp.where(full[:, None] & (codes == 0), 0, jnp.abs(change))
        chosen = jax.nn.one_hot(largest_entry(size)[0], codes.shape[1], dtype=codes.dtype)
        change = jnp.where(size > 0, chosen * change, 0)
        return codes + change, memory - change @ unit.dictionary.T

    def _start(self, unit: Normalised, observations: Array, k: Array) -> tuple[Array, Any]:
        return jnp.zeros((observations.shape[0], unit.dictionary.shape[1]), observations.dtype), observations
