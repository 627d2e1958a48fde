"""What trainers share: the units they train in, gradient descent on known codes, and how a fit ended."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import SparseCoder
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.start import fit_status, unit_scale

DATA_FIELDS = ("learning_rate",)
META_FIELDS = ("nonnegative", "n_steps", "batch_size")


class Encoder(SparseCoder, Protocol):
    """A coder whose leaves are weights to be trained."""

    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]: ...

    def in_units(self, *, observation: Float[Array, ""], code: Float[Array, ""]) -> Self: ...


EncoderT = TypeVar("EncoderT", bound=Encoder)


@dataclass(frozen=True)
class Lesson:
    """Training samples in units of their own: root mean square norms of observations and of codes are 1.

    The dictionary is scaled along, so that observations are still A z. A scale of 0 counts as 1.
    """

    dictionary: Float[Array, "n_dims n_latents"]
    observations: Float[Array, "n_samples n_dims"]
    codes: Float[Array, "n_samples n_latents"]
    observation_scale: Float[Array, ""]
    code_scale: Float[Array, ""]


def lesson(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
) -> Lesson:
    """The samples in units of their own."""
    observation_scale, code_scale = unit_scale(observations), unit_scale(codes)
    return Lesson(
        dictionary * (code_scale / observation_scale),
        observations / observation_scale,
        codes / code_scale,
        observation_scale,
        code_scale,
    )


def code_error(
    encoder: Encoder,
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
) -> Float[Array, ""]:
    """Mean over samples of the squared error of all their codes."""
    return jnp.mean(jnp.sum((encoder.encode(observations) - codes) ** 2, axis=1))


def descend(
    encoder: EncoderT,
    samples: Lesson,
    *,
    n_steps: int,
    batch_size: int,
    learning_rate: Float[Array, ""] | float,
    key: PRNGKeyArray,
) -> tuple[EncoderT, Float[Array, " n_steps"]]:
    """Adam on the `code_error` of batches drawn with replacement, the learning rate falling to 0 along a cosine.

    Gradients whose norm is above 1 are scaled down to it: unrolled networks meet a few huge ones. Returns the
    trained encoder and the error of each batch before its step.
    """
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())
    dtype = samples.observations.dtype
    progress = jnp.arange(n_steps, dtype=dtype) / n_steps
    rates = jnp.asarray(learning_rate, dtype) * 0.5 * (1 + jnp.cos(jnp.pi * progress))
    batches = jax.random.randint(key, (n_steps, batch_size), 0, samples.observations.shape[0])

    def step(state: tuple[EncoderT, Any], inputs: tuple[Array, Array]) -> tuple[tuple[EncoderT, Any], Array]:
        encoder, optimiser_state = state
        rate, rows = inputs
        error, grads = jax.value_and_grad(code_error)(encoder, samples.observations[rows], samples.codes[rows])
        updates, optimiser_state = optimiser.update(grads, optimiser_state)
        encoder = jax.tree.map(lambda p, u: p - rate * u, encoder, updates)
        return (encoder, optimiser_state), error

    weights: Any = encoder  # optax's types know arrays and containers of them alone
    (encoder, _), history = jax.lax.scan(step, (encoder, optimiser.init(weights)), (rates, batches))
    return encoder, history


def finished(
    dictionary: Float[Array, "n_dims n_latents"], encoder: Encoder, samples: Lesson, history: Float[Array, " n_steps"]
) -> Fit:
    """The fit in the units of the data; `NON_FINITE` where the dictionary, a weight or the history is not finite."""
    encoder = encoder.in_units(observation=samples.observation_scale, code=samples.code_scale)
    numbers = jnp.concatenate([jnp.ravel(leaf) for leaf in (*jax.tree.leaves(encoder), history)])
    return Fit(dictionary, encoder, history, fit_status(dictionary, numbers))


@dataclass(frozen=True)
class GradientTrainer(ABC):
    """A trainer by `descend`: `n_steps` on batches of `batch_size`.

    `history` holds the mean of ||z - z^||^2 over each step's batch, in units of the mean of ||z||^2.
    """

    nonnegative: bool = False
    n_steps: int = 2000
    batch_size: int = 128
    learning_rate: Float[Array, ""] | float = 5e-3

    def __post_init__(self) -> None:
        if self.n_steps < 1 or self.batch_size < 1:
            raise ValueError(f"n_steps and batch_size must be at least 1, got {self.n_steps} and {self.batch_size}")

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
        start, key_steps = self._start(samples, key)
        encoder, history = descend(
            start,
            samples,
            n_steps=self.n_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            key=key_steps,
        )
        return finished(dictionary, encoder, samples, history)

    @abstractmethod
    def _start(self, samples: Lesson, key: PRNGKeyArray) -> tuple[Encoder, PRNGKeyArray]:
        """The encoder before training, and the key that is left for the steps."""
