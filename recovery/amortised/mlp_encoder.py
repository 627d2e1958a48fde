"""A multi-layer perceptron trained on known codes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.amortised.training import DATA_FIELDS, META_FIELDS, GradientTrainer, Lesson
from recovery.encoders.two_layer_encoder import TwoLayerEncoder
from recovery.knowledge import Knowledge

_OUTPUT_SCALE = 0.01


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=("width", *META_FIELDS))
@dataclass(frozen=True)
class MlpEncoder(GradientTrainer):
    """min over W1, b, W2, t of E ||z - relu(relu(y W1 + b) W2 - t)||^2, `width` hidden units.

    For signed codes the outer ReLU is a soft threshold at t. W1 starts at independent Gaussians of the variance of He
    et al. 2015 and b at 0. The outputs start near the mean codes (W2 small; t minus the mean, or 0 for signed codes):
    an output unit that starts silent gets no gradient and stays so. The dictionary is not used. Observations and codes
    are divided by their root mean square norms for training.

    O'Neill, Gumran & Klindt 2025, with their ReLU alone.
    """

    width: int = 256
    learning_rate: Float[Array, ""] | float = 1e-3

    name: ClassVar[str] = "mlp-encoder"
    summary: ClassVar[str] = "a network with one hidden ReLU layer, trained on known codes"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1:
            raise ValueError(f"width must be at least 1, got {self.width}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        """Hidden units grow with the latents: 8 for each, 64 at least."""
        return cls(width=max(64, 8 * knowledge.n_latents), nonnegative=knowledge.nonnegative)

    def _start(self, samples: Lesson, key: PRNGKeyArray) -> tuple[TwoLayerEncoder, PRNGKeyArray]:
        key, key_steps = jax.random.split(key)
        (n_dims, n_latents), dtype = samples.dictionary.shape, samples.observations.dtype
        key_hidden, key_output = jax.random.split(key)
        # An observation has norm 1 as a whole, not in each coordinate: hence 2, not 2 / n_dims.
        hidden = 2**0.5 * jax.random.normal(key_hidden, (n_dims, self.width), dtype)
        small = _OUTPUT_SCALE / (self.width * n_latents) ** 0.5
        output = small * jax.random.normal(key_output, (self.width, n_latents), dtype)
        thresholds = -jnp.mean(samples.codes, axis=0) if self.nonnegative else jnp.zeros(n_latents, dtype)
        start = TwoLayerEncoder(hidden, jnp.zeros(self.width, dtype), output, thresholds, self.nonnegative)
        return start, key_steps
