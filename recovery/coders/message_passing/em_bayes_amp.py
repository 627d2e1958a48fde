"""Bayes-optimal message passing that learns its prior."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
from jaxtyping import Array, Float

from recovery.coders.message_passing.bayes_amp import BayesAmp
from recovery.knowledge import Knowledge


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["density", "variance", "tolerance"],
    meta_fields=["nonnegative", "learn", "max_iterations", "patience"],
)
@dataclass(frozen=True)
class EmBayesAmp(BayesAmp):
    """`BayesAmp` with `learn`: each sample's density and variance by expectation maximisation.

    Set up from what is known it is told sizes and sign alone: it starts at a density of a tenth of M / N, and the
    variance that explains each sample's energy. Vila & Schniter 2013.
    """

    variance: Float[Array, ""] | float | None = None
    learn: bool = True

    name: ClassVar[str] = "em-bayes-amp"
    summary: ClassVar[str] = "Bayes-optimal message passing that learns density and variance of the codes"

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(density=0.1 * knowledge.n_dims / knowledge.n_latents, nonnegative=knowledge.nonnegative)
