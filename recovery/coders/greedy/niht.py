"""Normalised iterative hard thresholding."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.coders.greedy.pursuit import DATA_FIELDS, META_FIELDS, Pursuit
from recovery.coders.greedy.support import Normalised, largest

_LONGEST = 0.99
_MOST_HALVINGS = 20


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Niht(Pursuit):
    """z <- H_K(z + mu g), g = A^T (y - A z), with mu = ||g_S||^2 / ||A g_S||^2 on the support S of z.

    Where the support would change, mu is halved until mu <= .99 ||z' - z||^2 / ||A (z' - z)||^2, at most 20 times,
    which makes every step a descent. H_K keeps the K largest magnitudes (positive values if `nonnegative`).

    Blumensath & Davies 2010.
    """

    max_iterations: int = 500

    patience: ClassVar[int] = 5
    name: ClassVar[str] = "niht"
    summary: ClassVar[str] = "normalised iterative hard thresholding: the step size that is best on the support"

    def _step(self, unit: Normalised, observations: Array, k: Array, codes: Array, memory: Any) -> tuple[Array, Any]:
        gradient = (observations - codes @ unit.dictionary.T) @ unit.dictionary
        support = jnp.where(
            jnp.any(codes != 0, axis=1)[:, None], codes != 0, largest(gradient, k, nonnegative=self.nonnegative)
        )
        size = best_step_size(unit, jnp.where(support, gradient, 0))

        def threshold(size: Array) -> Array:
            moved = codes + size[:, None] * gradient
            return jnp.where(largest(moved, k, nonnegative=self.nonnegative), moved, 0)

        def too_long(size: Array) -> Array:
            new = threshold(size)
            change = new - codes
            longest = _LONGEST * _ratio(change, change @ unit.dictionary.T)
            return jnp.any((new != 0) != support, axis=1) & (size > longest)

        def halve(_: Array, size: Array) -> Array:
            return jnp.where(too_long(size), size / 2, size)

        return threshold(jax.lax.fori_loop(0, _MOST_HALVINGS, halve, size)), None


def best_step_size(unit: Normalised, gradient: Float[Array, "n_samples n_latents"]) -> Float[Array, " n_samples"]:
    """||g||^2 / ||A g||^2, the step that is best along g; 0 where A g is."""
    return _ratio(gradient, gradient @ unit.dictionary.T)


def _ratio(above: Float[Array, "n_samples n"], below: Float[Array, "n_samples m"]) -> Float[Array, " n_samples"]:
    energy = jnp.sum(below**2, axis=1)
    return jnp.where(energy == 0, 0, jnp.sum(above**2, axis=1) / jnp.where(energy == 0, 1, energy))
