"""K-SVD."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
from jaxtyping import Array

from recovery.learners.classical.greedy_alternation import DATA_FIELDS, META_FIELDS, GreedyAlternation
from recovery.learners.updates import rank_one_updates


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=("n_power_steps", *META_FIELDS))
@dataclass(frozen=True, kw_only=True)
class Ksvd(GreedyAlternation):
    """K-sparse codes by OMP, then each atom in turn, with its codes, the best rank-one fit to what the others leave.

    Objective, codes and encoder: `GreedyAlternation`; start, replacement, restarts and history: `Alternation`.

    Aharon, Elad & Bruckstein 2006. The leading singular pair is found by `n_power_steps` power steps from the atom's
    last codes and no full SVD; they close in on it as the rounds do. Atoms are replaced when hardly used or nearly
    equal to another one, by a residual and not by a whole sample, and in some rounds only. If `nonnegative`, the steps
    alternate between the best atom and the best codes >= 0 (the non-negative K-SVD of Aharon, Elad & Bruckstein 2005,
    but atoms may have any sign).
    """

    n_power_steps: int = 5

    name: ClassVar[str] = "ksvd"
    summary: ClassVar[str] = "K-SVD: OMP codes, then the best rank-one fit of each atom and its codes"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_power_steps < 1:
            raise ValueError(f"n_power_steps must be at least 1, got {self.n_power_steps}")

    def _update(self, data: Array, codes: Array, dictionary: Array) -> tuple[Array, Array]:
        return rank_one_updates(data, codes, dictionary, n_power_steps=self.n_power_steps, nonnegative=self.nonnegative)
