"""Classical dictionary learning: sparse codes and least-squares dictionary in turn."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from recovery.coders.l1.fista import fista_steps
from recovery.coders.l1.sparsa import Sparsa
from recovery.knowledge import Knowledge
from recovery.learners.classical.alternation import META_FIELDS, Alternation, Round
from recovery.learners.start import unit_columns
from recovery.learners.updates import least_squares_dictionary


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty_start", "penalty_end", "penalty_fraction"],
    meta_fields=["n_code_steps", *META_FIELDS],
)
@dataclass(frozen=True, kw_only=True)
class AlternatingMod(Alternation):
    """min over D (unit columns) and Z of mean_p 1/2 ||y_p - D z_p||^2 + penalty ||z_p||_1, z >= 0 if `nonnegative`.

    Start, replacement, restarts and history: `Alternation`; penalties are in its units, and so free of scale. Each
    round takes `n_code_steps` FISTA steps from the last codes, then the least-squares dictionary for these codes (the
    method of optimal directions, Engan, Aase & Husoy 1999), its columns scaled to unit norm. The penalty falls
    geometrically from `penalty_start` to `penalty_end` over the rounds, and the objective is that of each round's own
    penalty.

    The encoder is `Sparsa` at `penalty_fraction` of each sample's lambda_max.
    """

    n_code_steps: int = 6
    penalty_start: Float[Array, ""] | float = 0.2
    penalty_end: Float[Array, ""] | float = 0.02
    penalty_fraction: Float[Array, ""] | float = 0.05

    name: ClassVar[str] = "alternating-mod"
    summary: ClassVar[str] = "dictionary learning: l1 codes and least-squares dictionary (MOD) in turn"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_code_steps < 1:
            raise ValueError(f"n_code_steps must be at least 1, got {self.n_code_steps}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def _first_memory(self, data: Array, dictionary: Array) -> Float[Array, "n_samples n_atoms"]:
        return jnp.zeros((data.shape[0], dictionary.shape[1]), data.dtype)

    def _forget(self, memory: Array, replaced: Bool[Array, " n_atoms"]) -> Array:
        return jnp.where(replaced, 0, memory)

    def _round(
        self, data: Array, dictionary: Array, memory: Array, *, progress: Float[Array, ""], key: PRNGKeyArray
    ) -> Round:
        penalty = (self.penalty_start * (self.penalty_end / self.penalty_start) ** progress).astype(data.dtype)
        codes = fista_steps(memory, dictionary, data, penalty, n_steps=self.n_code_steps, nonnegative=self.nonnegative)
        squared_error = jnp.sum((data - codes @ dictionary.T) ** 2, axis=1)
        objective = jnp.mean(0.5 * squared_error + penalty * jnp.sum(jnp.abs(codes), axis=1))
        updated = least_squares_dictionary(data, codes, dictionary)
        # What least squares leaves, as the bias of the l1 penalty would only bring back atoms that are there already.
        unexplained = data - codes @ updated.T
        return Round(unit_columns(updated, dictionary), codes, objective, jnp.sum(codes**2, axis=0), unexplained)

    def _encoder(self) -> Sparsa:
        return Sparsa(penalty_fraction=self.penalty_fraction, nonnegative=self.nonnegative)
