"""The method of optimal directions."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from recovery.learners.classical.greedy_alternation import DATA_FIELDS, META_FIELDS, GreedyAlternation
from recovery.learners.start import unit_columns
from recovery.learners.updates import least_squares_dictionary


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True, kw_only=True)
class Mod(GreedyAlternation):
    """K-sparse codes by OMP, then the least-squares dictionary for them, its columns scaled to unit norm.

    Objective, codes and encoder: `GreedyAlternation`; start, replacement, restarts and history: `Alternation`.

    Engan, Aase & Husoy 1999. Added here: a small ridge towards the last dictionary, and the replacement of atoms.
    """

    name: ClassVar[str] = "mod"
    summary: ClassVar[str] = "method of optimal directions: OMP codes and least-squares dictionary in turn"

    def _update(self, data: Array, codes: Array, dictionary: Array) -> tuple[Array, Array]:
        updated = least_squares_dictionary(data, codes, dictionary)
        return unit_columns(updated, dictionary), codes * jnp.linalg.norm(updated, axis=0)
