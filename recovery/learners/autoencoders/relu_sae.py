"""A ReLU sparse autoencoder with an L1 penalty."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from recovery.encoders.jump_relu_encoder import JumpReluEncoder
from recovery.learners.autoencoders.training import (
    DATA_FIELDS,
    META_FIELDS,
    Autoencoder,
    Pass,
    Weights,
    mean_squared,
    start_coefficient,
    steered,
    tied_start,
)


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class ReluSae(Autoencoder):
    """min over W, b, D (unit columns) and c of E ||y - c - D z||^2 + penalty ||z||_1, z = relu((y - c) W + b).

    The penalty is `steered` so that `n_active` codes are positive on average. Dead atoms start again at badly explained
    samples, four times in the first half.

    Bricken et al. 2023 (also Cunningham et al. 2023, whose encoder is tied); the penalty is fixed there.
    """

    name: ClassVar[str] = "relu-sae"
    summary: ClassVar[str] = "sparse autoencoder with a ReLU and an L1 penalty, dead atoms resampled"
    resamples: ClassVar[bool] = True

    def _start(self, decoder: Array, centre: Array, samples: Array) -> tuple[Weights, Any]:
        return tied_start(decoder, centre), start_coefficient(decoder)

    def _loss(self, weights: Weights, memory: Any, batch: Array, dead: Array) -> tuple[Array, Pass]:
        codes = jax.nn.relu(weights.scores(batch))
        residual = weights.residual(batch, codes)
        loss = mean_squared(residual) + memory * jnp.mean(jnp.sum(codes, axis=1))
        return loss, Pass(codes, residual)

    def _remember(self, memory: Any, codes: Array) -> Any:
        return steered(memory, codes, self.n_active)

    def _coder(self, weights: Weights, memory: Any, scale: Array) -> JumpReluEncoder:
        none = jnp.zeros_like(weights.bias)
        return JumpReluEncoder(weights.encoder, weights.bias * scale, weights.centre * scale, none)
