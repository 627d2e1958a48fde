"""A multi-layer perceptron trained on known codes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.amortised.training import Lesson, check_schedule, descend, finished, lesson
from recovery.encoders.two_layer_encoder import TwoLayerEncoder
from recovery.knowledge import Knowledge
from recovery.learner import Fit

_OUTPUT_SCALE = 0.01


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["learning_rate"],
    meta_fields=["width", "nonnegative", "n_steps", "batch_size"],
)
@dataclass(frozen=True)
class MlpEncoder:
    """min over W1, b, W2, t of E ||z - relu(relu(y W1 + b) W2 - t)||^2, `width` hidden units.

    For signed codes the outer ReLU is a soft threshold at t. W1 starts at independent Gaussians of the variance of He
    et al. 2015 and b at 0. The outputs start near the mean codes (W2 small; t minus the mean, or 0 for signed codes):
    an output unit that starts silent gets no gradient and stays so. The dictionary is not used. Observations and codes
    are divided by their root mean square norms for training. `history` holds the mean of ||z - z^||^2 over each step's
    batch, in units of the mean of ||z||^2.

    O'Neill, Gumran & Klindt 2025, with their ReLU alone.
    """

    width: int = 256
    nonnegative: bool = False
    n_steps: int = 2000
    batch_size: int = 128
    learning_rate: Float[Array, ""] | float = 1e-3

    name: ClassVar[str] = "mlp-encoder"
    summary: ClassVar[str] = "a network with one hidden ReLU layer, trained on known codes"

    def __post_init__(self) -> None:
        check_schedule(self.n_steps, self.batch_size)
        if self.width < 1:
            raise ValueError(f"width must be at least 1, got {self.width}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        """Hidden units grow with the latents: 8 for each, 64 at least."""
        return cls(width=max(64, 8 * knowledge.n_latents), nonnegative=knowledge.nonnegative)

    def train(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        codes: Float[Array, "n_samples n_latents"],
        *,
        key: PRNGKeyArray,
    ) -> Fit:
        samples = lesson(dictionary, observations, codes)
        key_start, key_steps = jax.random.split(key)
        encoder, history = descend(
            self._untrained(samples, key_start),
            samples,
            n_steps=self.n_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            key=key_steps,
        )
        return finished(dictionary, encoder, samples, history)

    def _untrained(self, samples: Lesson, key: PRNGKeyArray) -> TwoLayerEncoder:
        (n_dims, n_latents), dtype = samples.dictionary.shape, samples.observations.dtype
        key_hidden, key_output = jax.random.split(key)
        # An observation has norm 1 as a whole, not in each coordinate: hence 2, not 2 / n_dims.
        hidden = 2**0.5 * jax.random.normal(key_hidden, (n_dims, self.width), dtype)
        small = _OUTPUT_SCALE / (self.width * n_latents) ** 0.5
        output = small * jax.random.normal(key_output, (self.width, n_latents), dtype)
        thresholds = -jnp.mean(samples.codes, axis=0) if self.nonnegative else jnp.zeros(n_latents, dtype)
        return TwoLayerEncoder(hidden, jnp.zeros(self.width, dtype), output, thresholds, self.nonnegative)
