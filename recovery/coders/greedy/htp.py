"""Hard thresholding pursuit."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from recovery.coders.greedy.niht import best_step_size
from recovery.coders.greedy.pursuit import DATA_FIELDS, META_FIELDS, Pursuit
from recovery.coders.greedy.support import Normalised, largest, least_squares


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Htp(Pursuit):
    """S <- the K largest of z + mu A^T (y - A z); z <- least squares on S; mu is the best step on the last support.

    If `nonnegative`, the K largest positive ones, and negative coefficients are set to 0.

    Foucart 2011, in its normalised form.
    """

    name: ClassVar[str] = "htp"
    summary: ClassVar[str] = "hard thresholding pursuit: gradient step, K largest as support, least squares on it"

    def _step(self, unit: Normalised, observations: Array, k: Array, codes: Array, memory: Any) -> tuple[Array, Any]:
        gradient = (observations - codes @ unit.dictionary.T) @ unit.dictionary
        support = jnp.where(
            jnp.any(codes != 0, axis=1)[:, None], codes != 0, largest(gradient, k, nonnegative=self.nonnegative)
        )
        size = best_step_size(unit, jnp.where(support, gradient, 0))
        chosen = largest(codes + size[:, None] * gradient, k, nonnegative=self.nonnegative)
        fitted = least_squares(unit.dictionary, observations, chosen, n_slots=self.n_nonzero)
        return jnp.maximum(fitted, 0) if self.nonnegative else fitted, None
