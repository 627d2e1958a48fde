"""One layer trained on known codes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.amortised.training import check_schedule, descend, finished, lesson
from recovery.encoders.shrinkage_encoder import ShrinkageEncoder
from recovery.knowledge import Knowledge
from recovery.learner import Fit


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["learning_rate"],
    meta_fields=["nonnegative", "n_steps", "batch_size"],
)
@dataclass(frozen=True)
class ReluEncoder:
    """min over W, t of E ||z - relu(y W - t)||^2; for signed codes the ReLU is a soft threshold at t.

    The encoder of a sparse autoencoder, given the codes it should find: what one layer can do at best, up to the
    optimiser. W starts at the matched filter a_i / ||a_i||^2 (0 for a column of zeros), t at 0. Observations and codes
    are divided by their root mean square norms for training. `history` holds the mean of ||z - z^||^2 over each step's
    batch, in units of the mean of ||z||^2.

    The "SAE encoder, known codes" of O'Neill, Gumran & Klindt 2025, with their ReLU alone.
    """

    nonnegative: bool = False
    n_steps: int = 2000
    batch_size: int = 128
    learning_rate: Float[Array, ""] | float = 5e-3

    name: ClassVar[str] = "relu-encoder"
    summary: ClassVar[str] = "one layer, relu(W^T y - t), trained on known codes"

    def __post_init__(self) -> None:
        check_schedule(self.n_steps, self.batch_size)

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def train(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        codes: Float[Array, "n_samples n_latents"],
        *,
        key: PRNGKeyArray,
    ) -> Fit:
        samples = lesson(dictionary, observations, codes)
        encoder, history = descend(
            self._untrained(samples.dictionary),
            samples,
            n_steps=self.n_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            key=key,
        )
        return finished(dictionary, encoder, samples, history)

    def _untrained(self, dictionary: Float[Array, "n_dims n_latents"]) -> ShrinkageEncoder:
        energies = jnp.sum(dictionary**2, axis=0)
        matched = dictionary / jnp.where(energies == 0, 1, energies)[None, :]
        return ShrinkageEncoder(matched, jnp.zeros_like(energies), self.nonnegative)
