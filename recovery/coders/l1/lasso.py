"""The lasso, min_z 1/2 ||y - A z||^2 + penalty ||z||_1, z >= 0 if non-negative: its pieces, batched over samples."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.rows import row_sum


def soft_threshold(
    codes: Float[Array, "n_samples n_latents"],
    threshold: Float[Array, " n_samples"] | Float[Array, "n_samples n_latents"],
    *,
    nonnegative: bool,
) -> Float[Array, "n_samples n_latents"]:
    """The proximal operator of sum_i threshold_i |z_i|, restricted to z >= 0 if `nonnegative`."""
    threshold = threshold[:, None] if threshold.ndim == 1 else threshold
    if nonnegative:
        return jnp.maximum(codes - threshold, 0)
    return codes - jnp.clip(codes, -threshold, threshold)


def largest_correlation(
    correlations: Float[Array, "n_samples n_latents"], *, nonnegative: bool
) -> Float[Array, " n_samples"]:
    """Largest |correlation|, or the largest positive one (0 if there is none) if `nonnegative`."""
    return jnp.maximum(jnp.max(correlations if nonnegative else jnp.abs(correlations), axis=1), 0)


def largest_penalty(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    *,
    nonnegative: bool,
) -> Float[Array, " n_samples"]:
    """lambda_max: the smallest penalty at which z = 0 is the solution."""
    return largest_correlation(observations @ dictionary, nonnegative=nonnegative)


def lipschitz_constant(dictionary: Float[Array, "n_dims n_latents"]) -> Float[Array, ""]:
    """Largest eigenvalue of A^T A, from the smaller Gram matrix."""
    n_dims, n_latents = dictionary.shape
    gram = dictionary @ dictionary.T if n_dims <= n_latents else dictionary.T @ dictionary
    largest = jnp.linalg.eigvalsh(gram)[-1]
    return largest * (1 + 8 * jnp.finfo(gram.dtype).eps)


def step_size_of(dictionary: Float[Array, "n_dims n_latents"]) -> Float[Array, ""]:
    """1 / ||A||^2, the step size; 0 for a dictionary of zeros, whose codes are all 0."""
    lipschitz = lipschitz_constant(dictionary)
    return jnp.where(lipschitz == 0, 0, 1 / jnp.where(lipschitz == 0, 1, lipschitz))


def relative_gap(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    penalty: Float[Array, " n_samples"] | Float[Array, "n_samples n_latents"],
    *,
    nonnegative: bool,
) -> Float[Array, " n_samples"]:
    """(primal - dual) / (1/2 ||y||^2), the dual taken at s r: r = y - A z, s the largest feasible scale <= 1.

    Written as 1/2 (1 - s)^2 ||r||^2 + sum_i (penalty_i |z_i| - s z_i a_i.r), a sum of non-negative terms, so that
    nothing cancels in float32. It is 0 where y = 0 and z = 0. A penalty may be given per code, and must then be
    positive.
    """
    residual = observations - codes @ dictionary.T
    correlations = residual @ dictionary
    if penalty.ndim == 1:
        scale = feasible_scale(largest_correlation(correlations, nonnegative=nonnegative), penalty)
    else:
        size = correlations if nonnegative else jnp.abs(correlations)
        scale = 1 / jnp.maximum(jnp.max(size / penalty, axis=1), 1)
    return relative_gap_at(observations, codes, residual, correlations, penalty, scale)


def feasible_scale(
    largest: Float[Array, " n_samples"], penalty: Float[Array, " n_samples"]
) -> Float[Array, " n_samples"]:
    """The largest s <= 1 such that s times the `largest` correlation is at most the penalty; NaN stays NaN."""
    above = largest > penalty
    return jnp.where(above | jnp.isnan(largest), penalty / jnp.where(above, largest, jnp.nan), 1)


def relative_gap_at(
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    residual: Float[Array, "n_samples n_dims"],
    correlations: Float[Array, "n_samples n_latents"],
    penalty: Float[Array, " n_samples"] | Float[Array, "n_samples n_latents"],
    scale: Float[Array, " n_samples"],
) -> Float[Array, " n_samples"]:
    """`relative_gap` where r = y - A z, A^T r and s are at hand."""
    penalties = penalty[:, None] if penalty.ndim == 1 else penalty
    slack = penalties * jnp.abs(codes) - scale[:, None] * codes * correlations
    gap = 0.5 * (1 - scale) ** 2 * row_sum(residual**2) + row_sum(slack)
    size = 0.5 * row_sum(observations**2)
    return gap / jnp.where(size == 0, 1, size)
