"""A gated sparse autoencoder."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

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


class _Magnitude(NamedTuple):
    log_gain: Float[Array, " n_atoms"]
    bias: Float[Array, " n_atoms"]


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class GatedSae(Autoencoder):
    """min of E ||y - c - D z||^2 + penalty ||relu(g)||_1 + ||y - c' - D' relu(g)||^2, where z = relu(v) where g > 0.

    Gates g = (y - c) W + b and magnitudes v = e^r (y - c) W + m share W; D has unit columns, and primes are held fixed.
    The penalty, which would shrink magnitudes, falls on the gates alone, and is `steered` so that `n_active` of them
    are open on average. Dead atoms start again as in `ReluSae`. A gate is a threshold on the magnitude, v > m - e^r b
    where g > 0, and so the encoder is written.

    Rajamanoharan et al. 2024, "Improving dictionary learning with gated sparse autoencoders"; a fixed penalty there.
    """

    name: ClassVar[str] = "gated-sae"
    summary: ClassVar[str] = "gated sparse autoencoder: one layer says which atoms, another by how much"
    resamples: ClassVar[bool] = True

    def _start(self, decoder: Array, centre: Array, samples: Array) -> tuple[Weights, Any]:
        weights = tied_start(decoder, centre)
        none = jnp.zeros_like(weights.bias)
        return weights._replace(own=_Magnitude(none, none)), start_coefficient(decoder)

    def _loss(self, weights: Weights, memory: Any, batch: Array, dead: Array) -> tuple[Array, Pass]:
        projected = (batch - weights.centre[None, :]) @ weights.encoder
        gates = jax.nn.relu(projected + weights.bias)
        magnitudes = jax.nn.relu(projected * jnp.exp(weights.own.log_gain) + weights.own.bias)
        codes = jnp.where(gates > 0, magnitudes, 0)
        residual = weights.residual(batch, codes)
        missed = jax.lax.stop_gradient(weights).residual(batch, gates)
        loss = mean_squared(residual) + memory * jnp.mean(jnp.sum(gates, axis=1)) + mean_squared(missed)
        return loss, Pass(codes, residual)

    def _remember(self, memory: Any, codes: Array) -> Any:
        return steered(memory, codes, self.n_active)

    def _coder(self, weights: Weights, memory: Any, scale: Array) -> JumpReluEncoder:
        gain, bias = jnp.exp(weights.own.log_gain), weights.own.bias
        thresholds = jnp.maximum(bias - gain * weights.bias, 0)
        return JumpReluEncoder(weights.encoder * gain, bias * scale, weights.centre * scale, thresholds * scale)
