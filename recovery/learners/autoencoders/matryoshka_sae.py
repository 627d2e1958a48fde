"""A Matryoshka sparse autoencoder."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.learners.autoencoders.batch_topk_sae import BatchTopKSae
from recovery.learners.autoencoders.training import DATA_FIELDS, META_FIELDS, Weights, mean_squared


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=(*META_FIELDS, "n_prefixes"))
@dataclass(frozen=True)
class MatryoshkaSae(BatchTopKSae):
    """min over W, b, D (unit columns) and c of the sum over m of E ||y - c - D_m z_m||^2, z as in `BatchTopKSae`.

    D_m z_m is what the first m atoms explain, for m = N, N/2, N/4, ... (`n_prefixes` of them, rounded up): the first
    atoms have to explain the data alone, the later ones what these leave. The encoder is that of `BatchTopKSae`.

    Bussmann, Nabeshima, Karvonen & Nanda 2025.
    """

    n_prefixes: int = 5

    name: ClassVar[str] = "matryoshka-sae"
    summary: ClassVar[str] = "Matryoshka sparse autoencoder: BatchTopK in which prefixes of atoms explain too"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_prefixes < 1:
            raise ValueError(f"n_prefixes must be at least 1, got {self.n_prefixes}")

    def _unexplained(self, weights: Weights, batch: Array, codes: Array) -> tuple[Float[Array, ""], Array]:
        n_atoms = codes.shape[1]
        ends = sorted({-(-n_atoms // 2**i) for i in range(self.n_prefixes)})
        residual, error = batch - weights.centre[None, :], jnp.zeros((), batch.dtype)
        for begin, end in zip([0, *ends[:-1]], ends, strict=True):
            residual = residual - codes[:, begin:end] @ weights.decoder[:, begin:end].T
            error = error + mean_squared(residual)
        return error, residual
