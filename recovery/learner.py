"""The interfaces of what is fitted: dictionaries, from observations alone, and coders, from known codes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol, Self, runtime_checkable

import jax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from recovery.coder import SparseCoder
from recovery.knowledge import Knowledge


@partial(jax.tree_util.register_dataclass, data_fields=["dictionary", "encoder", "history", "status"], meta_fields=[])
@dataclass(frozen=True)
class Fit:
    """A learned dictionary, the coder that goes with it, and how the learning went.

    Columns of `dictionary` have unit norm, in no particular order. `history` is the learner's objective at each of its
    steps. `status` is a `Status`: `CONVERGED` where a learner of fixed length ended with finite numbers.
    """

    dictionary: Float[Array, "n_dims n_atoms"]
    encoder: SparseCoder
    history: Float[Array, " n_steps"]
    status: Int[Array, ""]


@runtime_checkable
class DictionaryLearner(Protocol):
    """A frozen pytree that fits a dictionary; pure, so that it may be jitted, and vmapped over problems and keys.

    Those that improve a dictionary step by step also take the one to begin with, of unit columns, as `first`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self: ...

    def fit(self, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray) -> Fit: ...


@runtime_checkable
class CoderTrainer(Protocol):
    """A frozen pytree that trains a coder on samples whose codes are known; pure, as a learner is.

    The `Fit` it returns holds the dictionary as it was given.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self: ...

    def train(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        codes: Float[Array, "n_samples n_latents"],
        *,
        key: PRNGKeyArray,
    ) -> Fit: ...
