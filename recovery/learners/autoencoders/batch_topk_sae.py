"""A BatchTopK sparse autoencoder."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.encoders.jump_relu_encoder import JumpReluEncoder
from recovery.learners.autoencoders.auxiliary import auxiliary_loss
from recovery.learners.autoencoders.training import (
    DATA_FIELDS,
    META_FIELDS,
    Autoencoder,
    Pass,
    Weights,
    mean_squared,
    tied_start,
)
from recovery.topk import kth_threshold

_REMEMBERED = 0.99


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class BatchTopKSae(Autoencoder):
    """min over W, b, D (unit columns) and c of E ||y - c - D z||^2, z the largest of (y - c) W + b in the whole batch.

    A batch of B samples keeps its B `n_active` largest positive entries, so that a sample has as many as it needs and
    `n_active` on average. On its own the encoder keeps what exceeds a threshold: the mean, weights falling by 1% a step
    into the past, of each batch's smallest kept entry. Dead atoms are drawn back by the auxiliary loss of Gao et al.

    Bussmann, Leask & Nanda 2024.
    """

    name: ClassVar[str] = "batch-topk-sae"
    summary: ClassVar[str] = "BatchTopK sparse autoencoder: the largest activations of a batch, a threshold afterwards"

    def _start(self, decoder: Array, centre: Array, samples: Array) -> tuple[Weights, Any]:
        return tied_start(decoder, centre), jnp.asarray(jnp.nan, decoder.dtype)

    def _loss(self, weights: Weights, memory: Any, batch: Array, dead: Array) -> tuple[Array, Pass]:
        scores = weights.scores(batch)
        codes = keep_largest_of_batch(scores, self.n_active)
        error, residual = self._unexplained(weights, batch, codes)
        return error + auxiliary_loss(weights, scores, residual, dead), Pass(codes, residual)

    def _unexplained(self, weights: Weights, batch: Array, codes: Array) -> tuple[Float[Array, ""], Array]:
        """The error to be minimised, and what all atoms leave."""
        residual = weights.residual(batch, codes)
        return mean_squared(residual), residual

    def _remember(self, memory: Any, codes: Array) -> Any:
        smallest = jnp.min(jnp.where(codes > 0, codes, jnp.max(codes)))
        return jnp.where(jnp.isnan(memory), smallest, _REMEMBERED * memory + (1 - _REMEMBERED) * smallest)

    def _coder(self, weights: Weights, memory: Any, scale: Array) -> JumpReluEncoder:
        threshold = jnp.full_like(weights.bias, memory * scale)
        return JumpReluEncoder(weights.encoder, weights.bias * scale, weights.centre * scale, threshold)


def keep_largest_of_batch(
    scores: Float[Array, "batch n_atoms"], n_active: Array | float
) -> Float[Array, "batch n_atoms"]:
    """`scores` with all but the batch * n_active largest positive entries set to 0."""
    threshold = kth_threshold(scores.reshape(1, -1), n_active * scores.shape[0])
    return jnp.where(scores > threshold, scores, 0)
