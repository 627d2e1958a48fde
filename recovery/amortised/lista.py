"""Learned ISTA."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.amortised.training import DATA_FIELDS, META_FIELDS, GradientTrainer, Lesson
from recovery.coders.l1.lasso import largest_penalty, step_size_of
from recovery.encoders.lista_encoder import ListaEncoder


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("penalty_fraction", *DATA_FIELDS),
    meta_fields=("n_layers", *META_FIELDS),
)
@dataclass(frozen=True)
class Lista(GradientTrainer):
    """min over W, S, t of E ||z - z_T||^2, z_T the last of `n_layers` steps z <- shrink(y W + z S, t) from z = 0.

    shrink is the soft threshold, or relu(v - t) if `nonnegative`. Training starts at ISTA: W = A / L,
    S = I - A^T A / L, L = ||A||^2, and t = penalty / L with a penalty that is `penalty_fraction` of the training
    samples' mean lambda_max. Observations and codes are divided by their root mean square norms for training, the
    dictionary along with them.

    Gregor & LeCun 2010: W and S are shared by the layers. Two deviations: the thresholds are each layer's own, and the
    target is the true codes, not the lasso's solution, as those are known here.
    """

    n_layers: int = 8
    penalty_fraction: Float[Array, ""] | float = 0.1

    name: ClassVar[str] = "lista"
    summary: ClassVar[str] = "ISTA unrolled into a few layers, its matrices and thresholds trained on known codes"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_layers < 1:
            raise ValueError(f"n_layers must be at least 1, got {self.n_layers}")

    def _start(self, samples: Lesson, key: PRNGKeyArray) -> tuple[ListaEncoder, PRNGKeyArray]:
        return self.untrained(samples.dictionary, samples.observations), key

    def untrained(
        self, dictionary: Float[Array, "n_dims n_latents"], observations: Float[Array, "n_samples n_dims"]
    ) -> ListaEncoder:
        """The network that training starts from: `n_layers` steps of ISTA."""
        n_latents, dtype = dictionary.shape[1], dictionary.dtype
        step_size = step_size_of(dictionary)
        penalty = self.penalty_fraction * jnp.mean(
            largest_penalty(dictionary, observations, nonnegative=self.nonnegative)
        )
        return ListaEncoder(
            step_size * dictionary,
            jnp.eye(n_latents, dtype=dtype) - step_size * (dictionary.T @ dictionary),
            jnp.full((self.n_layers, n_latents), step_size * penalty, dtype),
            self.nonnegative,
        )
