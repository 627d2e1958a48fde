"""A matching pursuit sparse autoencoder."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

import jax
from jaxtyping import Array, Float

from recovery.encoders.matching_pursuit_encoder import MatchingPursuitEncoder, scatter
from recovery.knowledge import Knowledge
from recovery.learners.autoencoders.training import (
    DATA_FIELDS,
    META_FIELDS,
    Autoencoder,
    Pass,
    Weights,
    mean_squared,
)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=(*DATA_FIELDS, "tolerance"),
    meta_fields=(*META_FIELDS, "n_nonzero", "nonnegative"),
)
@dataclass(frozen=True)
class MatchingPursuitSae(Autoencoder):
    """min over D (unit columns) and c of E ||y - c - D z||^2, z after `n_active` steps of matching pursuit from y - c.

    The encoder has no weights of its own: it is `MatchingPursuitEncoder` with the decoder's atoms. Derivatives go
    through all that its steps take, the choice of atoms held fixed. `n_active` may be traced; `n_nonzero` is the static
    limit on it. Where the number active varies, a `tolerance` above 0 ends the steps where enough is explained. Nothing
    is done about dead atoms.

    Costa et al. 2025.
    """

    n_nonzero: int = 16
    nonnegative: bool = True
    tolerance: Float[Array, ""] | float = 0.0

    name: ClassVar[str] = "matching-pursuit-sae"
    summary: ClassVar[str] = "sparse autoencoder whose encoder is matching pursuit with its own decoder"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_nonzero < 1:
            raise ValueError(f"n_nonzero must be at least 1, got {self.n_nonzero}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        n_nonzero = min(knowledge.max_active, knowledge.n_dims)
        return cls(n_active=knowledge.n_active, n_nonzero=n_nonzero, nonnegative=knowledge.nonnegative)

    def _start(self, decoder: Array, centre: Array, samples: Array) -> tuple[Weights, Any]:
        return Weights(decoder, centre), ()

    def _loss(self, weights: Weights, memory: Any, batch: Array, dead: Array) -> tuple[Array, Pass]:
        encoder = self._encoder(weights.centre)
        missing = batch - weights.centre[None, :]
        chosen = encoder.choose(*jax.lax.stop_gradient((weights.decoder, missing)))
        taken, residual = encoder.take(weights.decoder, missing, chosen)
        return mean_squared(residual), Pass(scatter(chosen, taken, weights.decoder.shape[1]), residual)

    def _encoder(self, centre: Array) -> MatchingPursuitEncoder:
        return MatchingPursuitEncoder(centre, self.n_active, self.n_nonzero, self.nonnegative, self.tolerance)

    def _coder(self, weights: Weights, memory: Any, scale: Array) -> MatchingPursuitEncoder:
        return self._encoder(weights.centre * scale)
