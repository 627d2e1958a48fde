"""Approximate K-SVD."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
from jaxtyping import Array

from recovery.learners.classical.greedy_alternation import DATA_FIELDS, META_FIELDS, GreedyAlternation
from recovery.learners.updates import rank_one_updates


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True, kw_only=True)
class ApproximateKsvd(GreedyAlternation):
    """`Ksvd` with a single step for each atom: d = E^T g / ||E^T g||, then g = E d (max(E d, 0) if `nonnegative`).

    E is what the other atoms leave of the samples that use the atom, g its codes. Objective, codes and encoder:
    `GreedyAlternation`; start, replacement, restarts and history: `Alternation`.

    Rubinstein, Zibulevsky & Elad 2008; their Batch-OMP is not used: the codes are those of `Omp`.
    """

    name: ClassVar[str] = "approximate-ksvd"
    summary: ClassVar[str] = "K-SVD with one power step an atom: faster, and nearly the same"

    def _update(self, data: Array, codes: Array, dictionary: Array) -> tuple[Array, Array]:
        return rank_one_updates(data, codes, dictionary, n_power_steps=1, nonnegative=self.nonnegative)
