"""What a method may be told about a problem, beside the arrays."""

from dataclasses import dataclass
from functools import partial

import jax
from jaxtyping import Array, Float, Int


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["n_active", "noise_std", "magnitude", "penalty", "threshold"],
    meta_fields=["n_dims", "n_latents", "max_active", "nonnegative", "exact"],
)
@dataclass(frozen=True)
class Knowledge:
    """The facts from which every method sets itself up (`suited_to`), so that all are told the same.

    Attributes:
        n_dims: width of the observations M.
        n_latents: number of atoms N.
        max_active: the most atoms a sample can need; what greedy methods allocate.
        nonnegative: whether codes are >= 0.
        n_active: active latents per sample K; their mean where `exact` is False. May be traced, as all below.
        exact: whether every sample has exactly `n_active`.
        noise_std: standard deviation of the noise on each observed coordinate.
        magnitude: root mean square of an active code.
        penalty: absolute lasso penalty, for unit-norm columns, that suits noise and sparsity.
        threshold: minimax threshold of approximate message passing for M / N and the sign.
    """

    n_dims: int
    n_latents: int
    max_active: int
    nonnegative: bool
    n_active: Int[Array, ""] | int
    exact: bool = True
    noise_std: Float[Array, ""] | float = 0.0
    magnitude: Float[Array, ""] | float = 1.0
    penalty: Float[Array, ""] | float = 1e-3
    threshold: Float[Array, ""] | float = 1.5
