"""The solution record of codes that were computed in one pass."""

import jax.numpy as jnp
from jaxtyping import Array, Float

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
