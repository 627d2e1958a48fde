"""What coders of one pass share: how they are called, and the solution record."""

from abc import ABC, abstractmethod
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.residual import relative_residual
from recovery.solution import Solution, Status


def one_pass_solution(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
) -> Solution:
    """The solution record of codes that were computed in one pass."""
    residual = relative_residual(dictionary, observations, codes)
    finite = jnp.isfinite(residual) & jnp.all(jnp.isfinite(codes), axis=1)
    return Solution(
        codes=jnp.where(finite[:, None], codes, jnp.nan),
        iterations=jnp.ones(codes.shape[0], jnp.int32),
        residual=jnp.where(finite, residual, jnp.nan),
        status=jnp.where(finite, Status.CONVERGED, Status.NON_FINITE).astype(jnp.int32),
    )


class OnePass(ABC):
    """A coder whose codes are one pass through given weights.

    The dictionary is used for the residual ||y - A z|| / ||y|| alone. Iterations are 1, and the status is `CONVERGED`
    wherever the numbers are finite.
    """

    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        return one_pass_solution(dictionary, observations, self.encode(observations))

    @abstractmethod
    def encode(self, observations: Float[Array, "n_samples n_dims"]) -> Float[Array, "n_samples n_latents"]:
        """The codes alone."""
