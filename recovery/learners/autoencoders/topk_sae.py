"""A TopK sparse autoencoder."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from recovery.encoders.topk_encoder import TopKEncoder
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.start import atoms_from_samples, fit_status, unit_columns, unit_scale
from recovery.topk import keep_largest

_AUXILIARY_WEIGHT = 1 / 32
_DEAD_AFTER_SAMPLES = 2000


class _Parameters(NamedTuple):
    encoder: Float[Array, "n_dims n_atoms"]
    encoder_bias: Float[Array, " n_atoms"]
    decoder: Float[Array, "n_dims n_atoms"]
    centre: Float[Array, " n_dims"]


class _State(NamedTuple):
    parameters: _Parameters
    optimiser: optax.OptState
    unused_for: Float[Array, " n_atoms"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["n_active", "learning_rate"],
    meta_fields=["n_steps", "batch_size"],
)
@dataclass(frozen=True)
class TopKSae:
    """min over encoder W, b, decoder D (unit columns) and centre c of E ||y - c - D z||^2, z = TopK((y - c) W + b).

    TopK keeps the `n_active` largest positive entries, one number for all samples, which may be traced. Observations
    are divided by their root mean square norm, and the codes multiplied back by it. Adam takes `n_steps` steps on
    batches of `batch_size` drawn with replacement; the learning rate falls linearly to 0 over the last half. The
    decoder starts at normalised samples, the encoder at its transpose, and the decoder's columns are renormalised
    after each step. Atoms not used for 2,000 samples are drawn back by the auxiliary loss of Gao et al.: 1/32 times
    the squared error of explaining the residual by the unused atoms alone, at most n_dims / 2 of them per sample.
    `history` holds the mean of ||y - c - D z||^2 per step, in units of the mean squared norm.

    Makhzani & Frey 2013 for the k-sparse autoencoder, Gao et al. 2024 for start, auxiliary loss and normalisation;
    their averaging of parameters is left out.
    """

    n_active: Int[Array, ""] | int
    n_steps: int = 2000
    batch_size: int = 128
    learning_rate: Float[Array, ""] | float = 6e-3

    name: ClassVar[str] = "topk-sae"
    summary: ClassVar[str] = "TopK sparse autoencoder: the k largest activations, trained by Adam"

    def __post_init__(self) -> None:
        if self.n_steps < 1 or self.batch_size < 1:
            raise ValueError(f"n_steps and batch_size must be at least 1, got {self.n_steps} and {self.batch_size}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(n_active=knowledge.n_active)

    def fit(self, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray) -> Fit:
        scale = unit_scale(observations)
        data = observations / scale
        key_start, key_steps = jax.random.split(key)
        centre = jnp.median(data, axis=0)
        decoder = atoms_from_samples(data - centre, n_atoms=n_atoms, key=key_start)
        parameters = _Parameters(decoder, jnp.zeros(n_atoms, data.dtype), decoder, centre)
        optimiser = optax.scale_by_adam()
        start = _State(parameters, optimiser.init(parameters), jnp.zeros(n_atoms, data.dtype))
        progress = jnp.linspace(0, 1, self.n_steps, dtype=data.dtype)
        rates = self.learning_rate * jnp.minimum(1, 2 * (1 - progress))
        batches = jax.random.randint(key_steps, (self.n_steps, self.batch_size), 0, data.shape[0])

        def step(state: _State, inputs: tuple[Array, Array]) -> tuple[_State, Array]:
            rate, rows = inputs
            return self._step(optimiser, state, data[rows], rate)

        state, history = jax.lax.scan(step, start, (rates.astype(data.dtype), batches))
        fitted = state.parameters
        # The data's scale goes into the bias and the centre; W is free of it.
        encoder = TopKEncoder(fitted.encoder, fitted.encoder_bias * scale, fitted.centre * scale, self.n_active)
        return Fit(fitted.decoder, encoder, history, fit_status(fitted.decoder, history))

    def _step(
        self, optimiser: optax.GradientTransformation, state: _State, batch: Array, rate: Array
    ) -> tuple[_State, Float[Array, ""]]:
        dead = state.unused_for > _DEAD_AFTER_SAMPLES
        grads, (error, used) = jax.grad(self._loss, has_aux=True)(state.parameters, batch, dead)
        updates, optimiser_state = optimiser.update(grads, state.optimiser)
        moved = jax.tree.map(lambda p, u: p - rate * u, state.parameters, updates)
        moved = moved._replace(decoder=unit_columns(moved.decoder, state.parameters.decoder))
        unused_for = jnp.where(used, 0, state.unused_for + batch.shape[0]).astype(batch.dtype)
        return _State(moved, optimiser_state, unused_for), error

    def _loss(self, parameters: _Parameters, batch: Array, dead: Array) -> tuple[Array, tuple[Array, Array]]:
        encoder, bias, decoder, centre = parameters
        scores = (batch - centre) @ encoder + bias
        codes = keep_largest(scores, self.n_active)
        residual = batch - centre - codes @ decoder.T
        error = jnp.mean(jnp.sum(residual**2, axis=1))
        auxiliary_codes = keep_largest(jnp.where(dead, scores, 0), batch.shape[1] // 2)
        target = jax.lax.stop_gradient(residual)
        missed = jnp.mean(jnp.sum((target - auxiliary_codes @ decoder.T) ** 2, axis=1))
        return error + _AUXILIARY_WEIGHT * missed, (error, jnp.any(codes > 0, axis=0))
