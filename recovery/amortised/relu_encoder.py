"""One layer trained on known codes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from recovery.amortised.training import DATA_FIELDS, META_FIELDS, GradientTrainer, Lesson
from recovery.encoders.shrinkage_encoder import ShrinkageEncoder


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class ReluEncoder(GradientTrainer):
    """min over W, t of E ||z - relu(y W - t)||^2; for signed codes the ReLU is a soft threshold at t.

    The encoder of a sparse autoencoder, given the codes it should find: what one layer can do at best, up to the
    optimiser. W starts at the matched filter a_i / ||a_i||^2 (0 for a column of zeros), t at 0. Observations and codes
    are divided by their root mean square norms for training.

    The "SAE encoder, known codes" of O'Neill, Gumran & Klindt 2025, with their ReLU alone.
    """

    name: ClassVar[str] = "relu-encoder"
    summary: ClassVar[str] = "one layer, relu(W^T y - t), trained on known codes"

    def _start(self, samples: Lesson, key: PRNGKeyArray) -> tuple[ShrinkageEncoder, PRNGKeyArray]:
        energies = jnp.sum(samples.dictionary**2, axis=0)
        matched = samples.dictionary / jnp.where(energies == 0, 1, energies)[None, :]
        return ShrinkageEncoder(matched, jnp.zeros_like(energies), self.nonnegative), key
