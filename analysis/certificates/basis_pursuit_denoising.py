"""How well codes solve basis pursuit denoising, recomputed from the problem and the codes alone.

The problem, for each sample: minimise ||z||_1 subject to ||y - A z|| <= radius, with z >= 0 where `nonnegative`. Its
dual: maximise y . w - radius ||w|| subject to |A^T w| <= 1, or A^T w <= 1 where `nonnegative`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float


def duality_gap(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    *,
    radius: float | Float[Array, ""] | Float[Array, " n_samples"],
    nonnegative: bool,
) -> Float[Array, " n_samples"]:
    """Relative duality gap (primal - dual) / primal of each sample, the dual taken at the scaled residual.

    At a solution whose constraint is tight the residual is a multiple of the best dual vector. It is held against 0 as
    well, the dual's value at w = 0: where z = 0 the gap is 0. For codes that keep the constraint (see `violation`) the
    gap bounds how far ||z||_1 is above the least. inf where `nonnegative` codes are negative.
    """
    residual = observations - codes @ dictionary.T
    correlation = residual @ dictionary
    largest = jnp.max(correlation if nonnegative else jnp.abs(correlation), axis=1, initial=0.0)
    dual = residual / jnp.where(largest > 0, largest, 1)[:, None]
    reached = jnp.sum(observations * dual, axis=1) - radius * jnp.linalg.norm(dual, axis=1)
    reached = jnp.where(largest > 0, jnp.maximum(reached, 0), 0)
    norm = jnp.sum(jnp.abs(codes), axis=1)
    gap = jnp.where(norm == 0, 0, (norm - reached) / jnp.where(norm == 0, 1, norm))
    if not nonnegative:
        return gap
    return jnp.where(jnp.any(codes < 0, axis=1), jnp.inf, gap)


def violation(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    *,
    radius: float | Float[Array, ""] | Float[Array, " n_samples"],
) -> Float[Array, " n_samples"]:
    """(||y - A z|| - radius)_+ / ||y|| of each sample; 0 where y = 0 and z keeps the constraint."""
    misfit = jnp.linalg.norm(observations - codes @ dictionary.T, axis=1)
    size: Array = jnp.linalg.norm(observations, axis=1)
    return jnp.maximum(misfit - radius, 0) / jnp.where(size == 0, 1, size)
