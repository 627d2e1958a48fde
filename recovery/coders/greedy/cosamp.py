"""Compressive sampling matching pursuit."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from recovery.coders.greedy.pursuit import DATA_FIELDS, META_FIELDS, Pursuit
from recovery.coders.greedy.support import Normalised, largest, least_squares


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class CoSaMP(Pursuit):
    """The 2K atoms best correlated with the residual join the support; least squares on it; the K largest are kept.

    If `nonnegative`, only positive correlations count, and negative coefficients are dropped before pruning.

    Needell & Tropp 2009.
    """

    name: ClassVar[str] = "cosamp"
    summary: ClassVar[str] = "compressive sampling matching pursuit: 2K candidates, least squares, prune to K"

    def _step(self, unit: Normalised, observations: Array, k: Array, codes: Array, memory: Any) -> tuple[Array, Any]:
        proxy = (observations - codes @ unit.dictionary.T) @ unit.dictionary
        support = largest(proxy, 2 * k, nonnegative=self.nonnegative) | (codes != 0)
        fitted = least_squares(unit.dictionary, observations, support, n_slots=3 * self.n_nonzero)
        kept = largest(fitted, k, nonnegative=self.nonnegative)
        return jnp.where(kept, fitted, 0), None
