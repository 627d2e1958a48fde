"""The interface of dictionary learning: the dictionary unknown, observations alone given."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol, runtime_checkable

import jax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from recovery.coder import SparseCoder


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
    """A frozen pytree that fits a dictionary; pure, so that it may be jitted, and vmapped over problems and keys."""

    name: ClassVar[str]
    summary: ClassVar[str]

    def fit(self, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray) -> Fit: ...
