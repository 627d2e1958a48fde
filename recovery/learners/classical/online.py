"""Online dictionary learning."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from recovery.coders.l1.fista import fista_steps
from recovery.coders.l1.sparsa import Sparsa
from recovery.knowledge import Knowledge
from recovery.learners.classical.alternation import META_FIELDS, Alternation, Round
from recovery.learners.updates import coordinate_descent


class Statistics(NamedTuple):
    """Sums over the samples seen, older ones at less weight: of z z^T, of y z^T, and the number of batches."""

    gram: Float[Array, "n_atoms n_atoms"]
    cross: Float[Array, "n_dims n_atoms"]
    n_batches: Int[Array, ""]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty", "forgetting", "penalty_fraction"],
    meta_fields=["batch_size", "n_code_steps", *META_FIELDS],
)
@dataclass(frozen=True, kw_only=True)
class OnlineDictionaryLearning(Alternation):
    """min over D (unit columns) of E_y min over z of 1/2 ||y - D z||^2 + penalty ||z||_1, z >= 0 if `nonnegative`.

    A round is one pass over the samples in a new order, in batches of `batch_size`; what is left over waits for the
    next pass. A batch is coded by `n_code_steps` FISTA steps from 0. Then A <- beta A + sum z z^T and B <- beta B +
    sum y z^T with beta = (1 - 1/t)^forgetting in batch t, and one pass of block coordinate descent moves the atoms to
    what A and B ask for. The objective of a round is the mean over its batches, each taken before the dictionary moves
    on. Start, replacement, restarts and history: `Alternation`, in whose units the penalty is; what A and B knew of an
    atom goes with it when it is replaced.

    The encoder is `Sparsa` at `penalty_fraction` of each sample's lambda_max.

    Mairal, Bach, Ponce & Sapiro 2010. Codes are FISTA's and not the LARS path's; atoms have norm 1, where the paper's
    may be shorter; t counts batches and not samples.
    """

    n_rounds: int = 40
    batch_size: int = 128
    n_code_steps: int = 30
    penalty: Float[Array, ""] | float = 0.15
    forgetting: Float[Array, ""] | float = 5.0
    penalty_fraction: Float[Array, ""] | float = 0.05

    name: ClassVar[str] = "online-dictionary-learning"
    summary: ClassVar[str] = "online dictionary learning: l1 codes of mini-batches, statistics that forget"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size < 1 or self.n_code_steps < 1:
            raise ValueError(
                f"batch_size and n_code_steps must be at least 1, got {self.batch_size} and {self.n_code_steps}"
            )

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def _first_memory(self, data: Array, dictionary: Array) -> Statistics:
        n_dims, n_atoms = dictionary.shape
        return Statistics(
            jnp.zeros((n_atoms, n_atoms), data.dtype), jnp.zeros((n_dims, n_atoms), data.dtype), jnp.int32(0)
        )

    def _forget(self, memory: Statistics, replaced: Bool[Array, " n_atoms"]) -> Statistics:
        gram = jnp.where(replaced[:, None] | replaced[None, :], 0, memory.gram)
        return Statistics(gram, jnp.where(replaced, 0, memory.cross), memory.n_batches)

    def _round(
        self, data: Array, dictionary: Array, memory: Statistics, *, progress: Float[Array, ""], key: PRNGKeyArray
    ) -> Round:
        batch_size = min(self.batch_size, data.shape[0])
        n_batches = data.shape[0] // batch_size
        batches = jax.random.permutation(key, data.shape[0])[: n_batches * batch_size].reshape(n_batches, batch_size)

        def one_batch(state: tuple[Array, Statistics], rows: Array) -> tuple[tuple[Array, Statistics], tuple]:
            batch = data[rows]
            codes = self._codes(batch, state[0])
            residual = batch - codes @ state[0].T
            loss = jnp.mean(0.5 * jnp.sum(residual**2, axis=1) + self.penalty * jnp.sum(jnp.abs(codes), axis=1))
            statistics = self.updated(state[1], batch, codes)
            moved = coordinate_descent(state[0], statistics.gram, statistics.cross)
            return (moved, statistics), (loss, residual)

        (dictionary, memory), (losses, residuals) = jax.lax.scan(one_batch, (dictionary, memory), batches)
        unexplained = residuals.reshape(-1, data.shape[1])
        return Round(dictionary, memory, jnp.mean(losses), jnp.diagonal(memory.gram), unexplained)

    def _codes(self, batch: Array, dictionary: Array) -> Float[Array, "batch_size n_atoms"]:
        zero = jnp.zeros((batch.shape[0], dictionary.shape[1]), batch.dtype)
        return fista_steps(
            zero, dictionary, batch, self.penalty, n_steps=self.n_code_steps, nonnegative=self.nonnegative
        )

    def updated(
        self,
        statistics: Statistics,
        batch: Float[Array, "batch_size n_dims"],
        codes: Float[Array, "batch_size n_atoms"],
    ) -> Statistics:
        """The statistics after one more batch."""
        n_batches = statistics.n_batches + 1
        kept = (1 - 1 / n_batches.astype(batch.dtype)) ** self.forgetting
        return Statistics(
            kept * statistics.gram + codes.T @ codes, kept * statistics.cross + batch.T @ codes, n_batches
        )

    def _encoder(self) -> Sparsa:
        return Sparsa(penalty_fraction=self.penalty_fraction, nonnegative=self.nonnegative)
