"""Subspace pursuit."""

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
class SubspacePursuit(Pursuit):
    """K atoms, those best correlated with the residual, join the support; least squares prunes it to K and fits again.

    If `nonnegative`, only positive correlations count, and negative coefficients are dropped before pruning and at the
    end.

    Dai & Milenkovic 2009.
    """

    patience: ClassVar[int] = 2
    name: ClassVar[str] = "subspace-pursuit"
    summary: ClassVar[str] = "subspace pursuit: K candidates, least squares, prune to K, least squares again"

    def _fit(self, unit: Normalised, observations: Array, support: Array) -> Array:
        fitted = least_squares(unit.dictionary, observations, support, n_slots=2 * self.n_nonzero)
        return jnp.maximum(fitted, 0) if self.nonnegative else fitted

    def _step(self, unit: Normalised, observations: Array, k: Array, codes: Array, memory: Any) -> tuple[Array, Any]:
        proxy = (observations - codes @ unit.dictionary.T) @ unit.dictionary
        fitted = self._fit(unit, observations, largest(proxy, k, nonnegative=self.nonnegative) | (codes != 0))
        return self._fit(unit, observations, largest(fitted, k, nonnegative=self.nonnegative)), None

    def _start(self, unit: Normalised, observations: Array, k: Array) -> tuple[Array, Any]:
        return self._fit(
            unit, observations, largest(observations @ unit.dictionary, k, nonnegative=self.nonnegative)
        ), None
