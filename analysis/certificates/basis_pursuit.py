"""How well codes solve basis pursuit, recomputed from the problem, the codes and a dual vector alone.

The problem, for each sample: minimise ||z||_1 subject to A z = y, with z >= 0 where `nonnegative`. Its dual: maximise
y . w subject to |A^T w| <= 1, or A^T w <= 1 where `nonnegative`. Codes are certified by a small duality gap together
with a small primal infeasibility; neither says anything alone.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def duality_gap(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    dual: Float[Array, "n_samples n_dims"],
    *,
    nonnegative: Bool[Array, ""] | bool,
) -> Float[Array, " n_samples"]:
    """Relative duality gap | ||z||_1 - y . w | / max(||z||_1, |y . w|) of each sample; 0/0 is 0.

    `dual` is any w; it is scaled down first until it is dual feasible exactly. For feasible codes the gap bounds how
    far ||z||_1, relative to itself, is above the least. Where `nonnegative`, the share of negative codes ||z_-||_1 /
    ||z||_1 is returned if it is larger. `nonnegative` may be traced.
    """
    projected = dual @ dictionary
    largest = jnp.max(jnp.where(nonnegative, projected, jnp.abs(projected)), axis=1, initial=0.0)
    reached = jnp.sum(observations * dual, axis=1) / jnp.maximum(largest, 1)
    norm = jnp.sum(jnp.abs(codes), axis=1)
    gap = _relative(jnp.abs(norm - reached), jnp.maximum(norm, jnp.abs(reached)))
    negative = _relative(jnp.sum(jnp.maximum(-codes, 0), axis=1), norm)
    return jnp.where(nonnegative, jnp.maximum(gap, negative), gap)


def primal_infeasibility(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
) -> Float[Array, " n_samples"]:
    """||A z - y|| / ||y|| of each sample; for y = 0 it is 0 where A z = 0, else inf."""
    misfit = jnp.linalg.norm(codes @ dictionary.T - observations, axis=1)
    return _relative(misfit, jnp.linalg.norm(observations, axis=1))


def _relative(error: Float[Array, " n_samples"], size: Float[Array, " n_samples"]) -> Float[Array, " n_samples"]:
    # NaN must stay NaN: it is neither positive nor zero.
    return jnp.where(size == 0, jnp.where(error == 0, 0, jnp.inf), error / jnp.where(size == 0, 1, size))
