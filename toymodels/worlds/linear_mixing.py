"""The world of compressed sensing: exactly K-sparse codes through a random Gaussian dictionary."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from toymodels.latents import exact_k
from toymodels.mixing import gaussian_dictionary
from toymodels.worlds.bottleneck_readout import check_sizes


@partial(jax.tree_util.register_dataclass, data_fields=[], meta_fields=["n_latents", "n_dims"])
@dataclass(frozen=True)
class LinearMixing:
    """Exactly K-sparse codes and a Gaussian dictionary (the ensemble of Donoho & Tanner 2009), without a network.

    Dictionary and codes are drawn separately, so that one dictionary can serve every sparsity level of a trial.

    Attributes:
        n_latents: number of latents N.
        n_dims: observed dimension M.

    Raises:
        ValueError: if a size is not positive.
    """

    name: ClassVar[str] = "linear-mixing"
    summary: ClassVar[str] = "exactly K-sparse codes through a random Gaussian dictionary"

    n_latents: int = 400
    n_dims: int = 100

    def __post_init__(self) -> None:
        check_sizes(n_latents=self.n_latents, n_dims=self.n_dims)

    def dictionary(self, key: PRNGKeyArray) -> Float[Array, "n_dims n_latents"]:
        """Draw a dictionary with unit-norm Gaussian columns."""
        return gaussian_dictionary(key, n_dims=self.n_dims, n_latents=self.n_latents)

    def codes(
        self,
        key: PRNGKeyArray,
        *,
        n_samples: int,
        n_active: Int[ArrayLike, ""],
        nonnegative: Bool[ArrayLike, ""] = False,
    ) -> Float[Array, "n_samples n_latents"]:
        """Draw codes with ``n_active`` standard normal entries a sample, made positive where ``nonnegative``."""
        return exact_k(key, n_samples=n_samples, n_latents=self.n_latents, n_active=n_active, nonnegative=nonnegative)
