"""Iterative hard thresholding."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from recovery.coders.greedy.pursuit import DATA_FIELDS, META_FIELDS, Pursuit
from recovery.coders.greedy.support import Normalised, largest
from recovery.coders.l1.lasso import step_size_of


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Iht(Pursuit):
    """z <- H_K(z + A^T (y - A z) / ||A||^2), H_K keeping the K largest magnitudes (positive values if `nonnegative`).

    The step size is the one for which no iteration increases the error, whatever the dictionary.

    Blumensath & Davies 2009.
    """

    max_iterations: int = 1000

    patience: ClassVar[int] = 10
    name: ClassVar[str] = "iht"
    summary: ClassVar[str] = "iterative hard thresholding: gradient step of fixed size, the K largest kept"

    def _step(self, unit: Normalised, observations: Array, k: Array, codes: Array, memory: Any) -> tuple[Array, Any]:
        descent = (observations - codes @ unit.dictionary.T) @ unit.dictionary
        moved: Array = codes + memory[:, None] * descent
        return jnp.where(largest(moved, k, nonnegative=self.nonnegative), moved, 0), memory

    def _start(self, unit: Normalised, observations: Array, k: Array) -> tuple[Array, Any]:
        codes = jnp.zeros((observations.shape[0], unit.dictionary.shape[1]), observations.dtype)
        return codes, jnp.broadcast_to(step_size_of(unit.dictionary), observations.shape[:1])
