"""What sparse autoencoders share: one training loop on batches, dead atoms, and how the told sparsity is kept."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self, get_args

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from recovery.coder import SparseCoder
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.start import Start, atoms_from_samples, first_atoms, fit_status, unit_columns, unit_scale

DATA_FIELDS = ("n_active", "learning_rate")
META_FIELDS = ("n_steps", "batch_size", "start", "n_restarts")

Sampler = Callable[[PRNGKeyArray], Float[Array, "batch n_dims"]]
"""Draws a batch of observations; pure."""

_SECOND_DECAY = 0.95
"""Of Adam's mean of squared gradients. At Adam's usual .999 all architectures but JumpReLU and matching pursuit recover
less of the world of `benchmarks.zipf_world`."""

_DEAD_AFTER_SAMPLES = 2000
_FIRST_BATCHES = 8
_RESAMPLINGS = 4
_RESAMPLED_ENCODER = 0.2
_START_COEFFICIENT = 3e-2
_COEFFICIENT_GAIN = 1e-2


class Weights(NamedTuple):
    """What is trained. Scores of atoms are (y - centre) encoder + bias; y^ = centre + D z, D the decoder.

    `encoder` [n_dims, n_atoms] and `bias` [n_atoms] are empty where an architecture has none; `own` holds what only it
    has, one number an atom.
    """

    decoder: Float[Array, "n_dims n_atoms"]
    centre: Float[Array, " n_dims"]
    encoder: Any = ()
    bias: Any = ()
    own: Any = ()

    def scores(self, batch: Float[Array, "batch n_dims"]) -> Float[Array, "batch n_atoms"]:
        return (batch - self.centre[None, :]) @ self.encoder + self.bias

    def residual(
        self, batch: Float[Array, "batch n_dims"], codes: Float[Array, "batch n_atoms"]
    ) -> Float[Array, "batch n_dims"]:
        return batch - self.centre[None, :] - codes @ self.decoder.T


class Pass(NamedTuple):
    """What the loop wants to know of a forward pass."""

    codes: Float[Array, "batch n_atoms"]
    residual: Float[Array, "batch n_dims"]


class _State(NamedTuple):
    weights: Weights
    optimiser: optax.ScaleByAdamState
    unused_for: Float[Array, " n_atoms"]
    memory: Any


@dataclass(frozen=True)
class Autoencoder(ABC):
    """A sparse autoencoder, trained by `n_steps` of Adam on batches of `batch_size` samples, drawn with replacement.

    Observations are divided by their root mean square norm, and the encoder made to fit the data's units at the end.
    The decoder starts at random, at samples or where `fit` is told (`first`), an encoder at its transpose (Gao et al.
    2024), the centre at the median. The decoder's columns have unit norm: gradients along them are taken out, and they
    are renormalised after each step (Bricken et al. 2023). Adam's second decay is .95; the learning rate falls linearly
    to 0 over the last half. An atom is dead that no sample has used for 2,000 samples. Of `n_restarts` runs, one after
    the other, that with the lowest error over its last tenth is kept. `history` holds the mean of ||y - y^||^2 per
    step, in units of the mean squared norm.
    """

    n_active: Int[Array, ""] | Float[Array, ""] | float
    n_steps: int = 2000
    batch_size: int = 128
    learning_rate: Float[Array, ""] | float = 6e-3
    start: Start = "random"
    n_restarts: int = 1

    resamples: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("n_steps", "batch_size", "n_restarts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.start not in get_args(Start):
            raise ValueError(f"start must be one of {', '.join(get_args(Start))}, got {self.start!r}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(n_active=knowledge.n_active)

    def fit(
        self,
        observations: Float[Array, "n_samples n_dims"],
        *,
        n_atoms: int,
        key: PRNGKeyArray,
        first: Float[Array, "n_dims n_atoms"] | None = None,
    ) -> Fit:
        def draw(key: PRNGKeyArray) -> Float[Array, "batch n_dims"]:
            return observations[jax.random.randint(key, (self.batch_size,), 0, observations.shape[0])]

        return self._best(draw, observations, n_atoms=n_atoms, key=key, decoder=first)

    def fit_stream(self, sampler: Sampler, *, n_atoms: int, key: PRNGKeyArray) -> Fit:
        """Train on samples that are drawn as they are needed, `sampler(key)` a batch; `batch_size` is not used.

        Scale and centre come from eight batches that are drawn in advance.
        """
        key_first, key_train = jax.random.split(key)
        first = jax.lax.map(sampler, jax.random.split(key_first, _FIRST_BATCHES))
        return self._best(sampler, first.reshape(-1, first.shape[-1]), n_atoms=n_atoms, key=key_train)

    @abstractmethod
    def _start(
        self, decoder: Float[Array, "n_dims n_atoms"], centre: Float[Array, " n_dims"], samples: Array
    ) -> tuple[Weights, Any]:
        """First weights and memory: what an architecture keeps between steps beside what is trained."""

    @abstractmethod
    def _loss(
        self, weights: Weights, memory: Any, batch: Float[Array, "batch n_dims"], dead: Bool[Array, " n_atoms"]
    ) -> tuple[Float[Array, ""], Pass]:
        """What is minimised."""

    def _remember(self, memory: Any, codes: Float[Array, "batch n_atoms"]) -> Any:
        """The memory after a batch with these codes."""
        return memory

    @abstractmethod
    def _coder(self, weights: Weights, memory: Any, scale: Float[Array, ""]) -> SparseCoder:
        """The trained encoder, for observations and codes larger by `scale` than those of the training."""

    def _best(
        self, sampler: Sampler, samples: Array, *, n_atoms: int, key: PRNGKeyArray, decoder: Array | None = None
    ) -> Fit:
        """The best of `n_restarts` fits; a single one is given `key` itself."""
        if self.n_restarts == 1:
            return self._train(sampler, samples, n_atoms=n_atoms, key=key, decoder=decoder)
        fits = jax.lax.map(
            lambda key: self._train(sampler, samples, n_atoms=n_atoms, key=key, decoder=decoder),
            jax.random.split(key, self.n_restarts),
        )
        best = jnp.argmin(jnp.mean(fits.history[:, -max(self.n_steps // 10, 1) :], axis=1))
        return jax.tree.map(lambda leaf: leaf[best], fits)

    def _train(
        self, sampler: Sampler, samples: Array, *, n_atoms: int, key: PRNGKeyArray, decoder: Array | None
    ) -> Fit:
        scale = unit_scale(samples)
        samples = samples / scale
        key_start, key_steps = jax.random.split(key)
        centre = jnp.median(samples, axis=0)
        if decoder is None:
            decoder = first_atoms(samples, start=self.start, n_atoms=n_atoms, key=key_start)
        weights, memory = self._start(decoder, centre, samples)
        adam: Any = optax.scale_by_adam(b2=_SECOND_DECAY)
        start = _State(weights, adam.init(weights), jnp.zeros(n_atoms, samples.dtype), memory)
        progress = jnp.linspace(0, 1, self.n_steps, dtype=samples.dtype)
        rates = jnp.asarray(self.learning_rate, samples.dtype) * jnp.minimum(1, 2 * (1 - progress))

        def step(state: _State, inputs: tuple[Array, Array, Array]) -> tuple[_State, Array]:
            rate, number, key = inputs
            key_batch, key_resample = jax.random.split(key)
            return self._step(adam, state, sampler(key_batch) / scale, rate, number, key_resample)

        inputs = (rates, jnp.arange(self.n_steps), jax.random.split(key_steps, self.n_steps))
        state, history = jax.lax.scan(step, start, inputs)
        numbers = jnp.concatenate([jnp.ravel(leaf) for leaf in (*jax.tree.leaves(state.weights), history)])
        coder = self._coder(state.weights, state.memory, scale)
        return Fit(state.weights.decoder, coder, history, fit_status(state.weights.decoder, numbers))

    def _step(
        self, adam: Any, state: _State, batch: Array, rate: Array, number: Array, key: PRNGKeyArray
    ) -> tuple[_State, Float[Array, ""]]:
        old = state.weights
        dead = state.unused_for > _DEAD_AFTER_SAMPLES
        grads, seen = jax.grad(self._loss, has_aux=True)(old, state.memory, batch, dead)
        along = jnp.sum(grads.decoder * old.decoder, axis=0)
        grads = grads._replace(decoder=grads.decoder - along * old.decoder)
        updates, optimiser = adam.update(grads, state.optimiser)
        moved: Weights = jax.tree.map(lambda w, u: w - rate * u, old, updates)
        moved = moved._replace(decoder=unit_columns(moved.decoder, old.decoder))
        unused_for = jnp.where(jnp.any(seen.codes != 0, axis=0), 0, state.unused_for + batch.shape[0])
        new = _State(moved, optimiser, unused_for.astype(batch.dtype), self._remember(state.memory, seen.codes))
        if self.resamples:
            period = max(self.n_steps // (2 * _RESAMPLINGS), 1)
            due = (number % period == period - 1) & (number < period * _RESAMPLINGS)
            new = jax.lax.cond(due, lambda: self._resample(new, batch, seen.residual, key), lambda: new)
        return new, jnp.mean(jnp.sum(seen.residual**2, axis=1))

    def _resample(self, state: _State, batch: Array, residual: Array, key: PRNGKeyArray) -> _State:
        """Dead atoms start again at samples drawn in proportion to their squared loss, as Bricken et al. 2023 do it.

        Their encoders have a fifth of the mean norm of the others', and Adam forgets them.
        """
        dead = state.unused_for > _DEAD_AFTER_SAMPLES
        old = state.weights
        loss = jnp.sum(residual**2, axis=1)
        fresh = atoms_from_samples(batch - old.centre, n_atoms=dead.shape[0], key=key, odds=loss**2)
        weights, _ = self._start(fresh, old.centre, batch)
        norms = jnp.linalg.norm(jnp.asarray(old.encoder), axis=0)
        size = _RESAMPLED_ENCODER * jnp.mean(norms, where=~dead | jnp.all(dead))
        weights = weights._replace(encoder=size * fresh)

        def choose(new: Any, old: Any) -> Any:
            of_atoms = new._replace(centre=()), old._replace(centre=())
            return jax.tree.map(lambda n, o: jnp.where(dead, n, o), *of_atoms)._replace(centre=old.centre)

        zero = jax.tree.map(jnp.zeros_like, old)
        mu, nu = state.optimiser.mu, state.optimiser.nu
        optimiser = state.optimiser._replace(mu=choose(zero, mu), nu=choose(zero, nu))
        return state._replace(
            weights=choose(weights, old), optimiser=optimiser, unused_for=jnp.where(dead, 0, state.unused_for)
        )


def tied_start(decoder: Float[Array, "n_dims n_atoms"], centre: Float[Array, " n_dims"]) -> Weights:
    """An encoder that is the decoder's transpose, without bias."""
    return Weights(decoder, centre, decoder, jnp.zeros(decoder.shape[1], decoder.dtype))


def start_coefficient(decoder: Float[Array, "n_dims n_atoms"]) -> Float[Array, ""]:
    """The coefficient of a sparsity penalty before the first step, for `steered` to set right."""
    return jnp.asarray(_START_COEFFICIENT, decoder.dtype)


def steered(
    coefficient: Float[Array, ""], codes: Float[Array, "batch n_atoms"], n_active: Array | float
) -> Float[Array, ""]:
    """The coefficient of a sparsity penalty, raised where a batch has more active than `n_active` and lowered else.

    By 1% times the logarithm of their ratio, at most by 1%: the told sparsity is met on average, and there is no
    coefficient to tune.
    """
    found = jnp.sum(codes != 0, dtype=codes.dtype) / codes.shape[0]
    excess = jnp.log(jnp.maximum(found, 1e-3) / n_active)
    return (coefficient * jnp.exp(_COEFFICIENT_GAIN * jnp.clip(excess, -1, 1))).astype(codes.dtype)


def mean_squared(residual: Float[Array, "batch n_dims"]) -> Float[Array, ""]:
    """Mean over samples of the squared norm."""
    return jnp.mean(jnp.sum(residual**2, axis=1))
