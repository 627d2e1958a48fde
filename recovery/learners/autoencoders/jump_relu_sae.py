"""A JumpReLU sparse autoencoder."""

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
    start_coefficient,
    steered,
    tied_start,
)
from recovery.topk import kth_threshold

_SLOW = 0.1
_LEAST = 1e-3


@partial(jax.tree_util.register_dataclass, data_fields=(*DATA_FIELDS, "bandwidth"), meta_fields=META_FIELDS)
@dataclass(frozen=True)
class JumpReluSae(Autoencoder):
    """min over W, b, thresholds t, D (unit columns) and c of E ||y - c - D z||^2 + penalty ||z||_0, z = v where v > t.

    v = (y - c) W + b. Both z and ||z||_0 jump where v = t; in their place the derivatives by t are those of averages
    over a window `bandwidth` wide around it, -t/bandwidth and -1/bandwidth where |v - t| < bandwidth / 2. The penalty
    is `steered` so that `n_active` codes are positive on average. Trained is 10 log t, which moves t a tenth as fast as
    the weights: else thresholds outrun them, and atoms die before they have learned anything. They start, all the same,
    where `n_active` codes are positive on average. Dead atoms are drawn back by the auxiliary loss of Gao et al.

    Rajamanoharan et al. 2024, "Jumping ahead". There the penalty is fixed, the window narrower, t starts near 0,
    training takes a hundred times the steps, and nothing is done about dead atoms.
    """

    bandwidth: Float[Array, ""] | float = 0.3

    name: ClassVar[str] = "jump-relu-sae"
    summary: ClassVar[str] = "JumpReLU sparse autoencoder: a threshold per atom, trained by straight-through estimates"

    def _start(self, decoder: Array, centre: Array, samples: Array) -> tuple[Weights, Any]:
        weights = tied_start(decoder, centre)
        scores = weights.scores(samples)
        threshold = kth_threshold(scores.reshape(1, -1), self.n_active * samples.shape[0])[0]
        # Of observations that are all zero nothing is positive, and a logarithm needs something that is.
        start = jnp.full_like(weights.bias, jnp.log(jnp.maximum(threshold, _LEAST)) / _SLOW)
        return weights._replace(own=start), start_coefficient(decoder)

    def _loss(self, weights: Weights, memory: Any, batch: Array, dead: Array) -> tuple[Array, Pass]:
        scores, thresholds = weights.scores(batch), jnp.exp(_SLOW * weights.own)[None, :]
        fixed = jax.lax.stop_gradient(thresholds)
        distance = jax.lax.stop_gradient(scores) - fixed
        # Zero in value; its derivative by t is -1/bandwidth inside the window.
        move = (fixed - thresholds) * ((jnp.abs(distance) < self.bandwidth / 2) / self.bandwidth)
        open_ = distance > 0
        codes = jnp.where(open_, scores, 0) + fixed * move
        residual = weights.residual(batch, codes)
        n_active = jnp.mean(jnp.sum(open_ + move, axis=1))
        loss = mean_squared(residual) + memory * n_active + auxiliary_loss(weights, scores, residual, dead)
        return loss, Pass(codes, residual)

    def _remember(self, memory: Any, codes: Array) -> Any:
        return steered(memory, codes, self.n_active)

    def _coder(self, weights: Weights, memory: Any, scale: Array) -> JumpReluEncoder:
        thresholds = jnp.exp(_SLOW * weights.own) * scale
        return JumpReluEncoder(weights.encoder, weights.bias * scale, weights.centre * scale, thresholds)
