"""The linear generator: what sparse coding assumes."""

from dataclasses import dataclass
from typing import Self

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.generators.conditioned import conditioned_matrix


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LinearGenerator:
    """x = B z, with B of full column rank.

    Attributes:
        matrix: B.
        condition_bound: its condition number.
    """

    matrix: Float[Array, "n_observed n_latents"]
    condition_bound: Float[Array, ""]

    @classmethod
    def draw(
        cls,
        key: PRNGKeyArray,
        *,
        n_latents: int,
        n_observed: int | None = None,
        condition_number: Float[ArrayLike, ""] = 1.0,
    ) -> Self:
        """Draw B by `conditioned_matrix`, square unless `n_observed` says otherwise; raises what that raises."""
        n_rows = n_latents if n_observed is None else n_observed
        matrix = conditioned_matrix(key, n_rows=n_rows, n_columns=n_latents, condition_number=condition_number)
        return cls(matrix, jnp.asarray(condition_number, matrix.dtype))

    def __call__(self, latents: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_observed"]:
        return latents @ self.matrix.T

    def inverse(self, observations: Float[Array, "n_samples n_observed"]) -> Float[Array, "n_samples n_latents"]:
        """The latents of observations in the range of B, by least squares."""
        return jnp.linalg.lstsq(self.matrix, observations.T)[0].T
