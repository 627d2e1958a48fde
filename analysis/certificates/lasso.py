"""How well lasso codes solve the lasso, recomputed from the problem and the codes alone.

The problem, for each sample: minimise 1/2 ||y - A z||^2 + lambda ||z||_1, with z >= 0 where `nonnegative`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float


def duality_gap(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    *,
    penalty: float | Float[Array, ""] | Float[Array, " n_samples"] | Float[Array, "n_samples n_latents"],
    nonnegative: bool,
) -> Float[Array, " n_samples"]:
    """Relative duality gap (primal - dual) / (1/2 ||y||^2) of each sample, a bound on its excess.

    1/2 ||y||^2 is the objective at z = 0. The dual point is the residual r = y - A z, scaled to be dual feasible:
    |A^T u| <= lambda, or A^T u <= lambda where `nonnegative` [Kim2007]. inf where `nonnegative` codes are negative; 0
    where y = 0 and z = 0, inf where y = 0 and z is not; nan for non-finite codes. A penalty per code is that of the
    weighted lasso, sum_i penalty_i |z_i|.
    """
    penalty = jnp.asarray(penalty, codes.dtype)
    penalty = penalty if penalty.ndim == 2 else jnp.broadcast_to(penalty, codes.shape[:1])[:, None]
    residual = observations - codes @ dictionary.T
    correlation = residual @ dictionary
    strength = correlation if nonnegative else jnp.abs(correlation)
    residual_energy = jnp.sum(residual**2, axis=1)
    # The best multiple of the residual, within what keeps it dual feasible.
    best = jnp.sum(residual * observations, axis=1) / jnp.where(residual_energy > 0, residual_energy, 1)
    room = jnp.where(strength > 0, penalty / jnp.where(strength > 0, strength, 1), jnp.inf)
    feasible = jnp.min(room, axis=1, initial=jnp.inf)
    scale = jnp.clip(best, 0 if nonnegative else -feasible, feasible)
    # primal - dual, written as a sum of non-negative terms so that nothing cancels in float32.
    slack = penalty * jnp.abs(codes) - scale[:, None] * codes * correlation
    gap = 0.5 * (1 - scale) ** 2 * residual_energy + jnp.sum(jnp.maximum(slack, 0), axis=1)
    relative = _relative(gap, 0.5 * jnp.sum(observations**2, axis=1))
    if not nonnegative:
        return relative
    return jnp.where(jnp.any(codes < 0, axis=1), jnp.inf, relative)


def kkt_residual(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    *,
    penalty: float | Float[Array, ""] | Float[Array, " n_samples"],
    nonnegative: bool,
) -> Float[Array, " n_samples"]:
    """Largest change that minimising over one code alone would make to A z, relative to ||y||.

    max_i ||A_i|| |z_i - S(z_i + A_i^T r / ||A_i||^2, lambda / ||A_i||^2)| / ||y||, S soft thresholding (its positive
    part where `nonnegative`). It is 0 exactly where the optimality conditions hold; zero columns have none. Where y =
    0: 0 if no code would change, else inf.
    """
    penalty = jnp.broadcast_to(jnp.asarray(penalty, codes.dtype), codes.shape[:1])[:, None]
    curvature = jnp.sum(dictionary**2, axis=0)[None, :]
    present = curvature > 0
    curvature = jnp.where(present, curvature, 1)
    moved = codes + (observations - codes @ dictionary.T) @ dictionary / curvature
    shrunk = jnp.maximum(jnp.abs(moved) - penalty / curvature, 0)
    best = jnp.where(moved > 0, shrunk, 0 if nonnegative else -shrunk)
    change = jnp.max(jnp.where(present, jnp.sqrt(curvature) * jnp.abs(codes - best), 0), axis=1, initial=0.0)
    size = jnp.linalg.norm(observations, axis=1)
    return _relative(change, size)


def _relative(error: Float[Array, " n_samples"], size: Float[Array, " n_samples"]) -> Float[Array, " n_samples"]:
    # NaN must stay NaN: it is neither positive nor zero.
    return jnp.where(size == 0, jnp.where(error == 0, 0, jnp.inf), error / jnp.where(size == 0, 1, size))
