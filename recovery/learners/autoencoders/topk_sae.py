"""A TopK sparse autoencoder."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
from jaxtyping import Array

from recovery.encoders.topk_encoder import TopKEncoder
from recovery.learners.autoencoders.auxiliary import auxiliary_loss
from recovery.learners.autoencoders.training import (
    DATA_FIELDS,
    META_FIELDS,
    Autoencoder,
    Pass,
    Weights,
    mean_squared,
    tied_start,
)
from recovery.topk import keep_largest


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class TopKSae(Autoencoder):
    """min over encoder W, b, decoder D (unit columns) and centre c of E ||y - c - D z||^2, z = TopK((y - c) W + b).

    TopK keeps the `n_active` largest positive entries, one number for all samples, which may be traced. Dead atoms are
    drawn back by the auxiliary loss of Gao et al.

    Makhzani & Frey 2013 for the k-sparse autoencoder, Gao et al. 2024 for start, auxiliary loss and normalisation;
    their averaging of parameters is left out.
    """

    name: ClassVar[str] = "topk-sae"
    summary: ClassVar[str] = "TopK sparse autoencoder: the k largest activations, trained by Adam"

    def _start(self, decoder: Array, centre: Array, samples: Array) -> tuple[Weights, Any]:
        return tied_start(decoder, centre), ()

    def _loss(self, weights: Weights, memory: Any, batch: Array, dead: Array) -> tuple[Array, Pass]:
        scores = weights.scores(batch)
        codes = keep_largest(scores, self.n_active)
        residual = weights.residual(batch, codes)
        return mean_squared(residual) + auxiliary_loss(weights, scores, residual, dead), Pass(codes, residual)

    def _coder(self, weights: Weights, memory: Any, scale: Array) -> TopKEncoder:
        # The data's scale goes into the bias and the centre; W is free of it.
        return TopKEncoder(weights.encoder, weights.bias * scale, weights.centre * scale, self.n_active)
