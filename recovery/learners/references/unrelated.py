"""The null learner: what a dictionary scores that has seen no data."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coders.l1.sparsa import Sparsa
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.start import fit_status, random_atoms


@partial(jax.tree_util.register_dataclass, data_fields=["penalty_fraction"], meta_fields=["nonnegative"])
@dataclass(frozen=True)
class UnrelatedDictionary:
    """Independent atoms, uniform on the unit sphere, drawn from `key` alone: its scores are the chance level.

    The encoder is `Sparsa` at `penalty_fraction` of each sample's lambda_max, and `history` is empty.
    """

    nonnegative: bool = True
    penalty_fraction: Float[Array, ""] | float = 0.05

    name: ClassVar[str] = "unrelated"
    summary: ClassVar[str] = "a random dictionary that is never fitted: the chance level"

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def fit(self, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray) -> Fit:
        dictionary = random_atoms(observations.shape[1], n_atoms, key=key, dtype=observations.dtype)
        encoder = Sparsa(penalty_fraction=self.penalty_fraction, nonnegative=self.nonnegative)
        history = jnp.zeros(0, observations.dtype)
        return Fit(dictionary, encoder, history, fit_status(dictionary, history))
