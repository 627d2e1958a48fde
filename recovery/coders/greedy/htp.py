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
    """S <- the K largest of z + mu g, g = A^T (y - A z); z <- least squares on S.

    mu = ||h||^2 / ||A h||^2, h the K largest of g.

    If `nonnegative`, the K largest positive ones, and negative coefficients are set to 0.

    Foucart 2011; his normalised form takes mu from the last support, on which g vanishes.
    """

    name: ClassVar[str] = "htp"
    summary: ClassVar[str] = "hard thresholding pursuit: gradient step, K largest as support, least squares on it"

    def _step(self, unit: Normalised, observations: Array, k: Array, codes: Array, memory: Any) -> tuple[Array, Any]:
        gradient = (observations - codes @ unit.dictionary.T) @ unit.dictionary
        # Least squares leaves no gradient on the support, so that the step is measured where the gradient is largest.
        steepest = jnp.where(largest(gradient, k, nonnegative=self.nonnegative), gradient, 0)
        size = best_step_size(unit, steepest)
        chosen = largest(codes + size[:, None] * gradient, k, nonnegative=self.nonnegative)
        fitted = least_squares(unit.dictionary, observations, chosen, n_slots=self.n_nonzero)
        return jnp.maximum(fitted, 0) if self.nonnegative else fitted, None
