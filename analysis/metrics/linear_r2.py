"""How much of the true codes a linear map reads out of the estimated ones."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.metrics.dictionary_similarity import unit_columns


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LinearR2:
    """Coefficient of determination: mean over the latents that vary (`counted`), and each latent's (0 elsewhere)."""

    mean: Float[Array, ""]
    per_latent: Float[Array, " n_latents"]
    counted: Bool[Array, " n_latents"]


def linear_r2(
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_atoms"],
    *,
    affine: bool = True,
    n_folds: int = 0,
) -> LinearR2:
    """R^2 = 1 - sum (z - z^)^2 / sum (z - mean z)^2 of the best linear map from estimate to truth, with `affine` + b.

    The coefficient of determination [Wright1921], averaged over the latents that vary.

    The map is found by least squares (of least norm where it is not unique). With `n_folds` = 0 it is fitted and judged
    on the same samples: in [0, 1] where affine, and at chance n_atoms / (n_samples - 1), which is 1 for few samples.
    With `n_folds` >= 2 each sample is predicted by a map fitted to the other folds (sample i is in fold i mod n_folds):
    at most 1, at chance 0 or below. Invariant to invertible linear maps of the estimate (affine ones where `affine`):
    codes need not be disentangled to score 1. nan where no latent varies.

    Raises ValueError where n_folds is 1, negative or above n_samples.
    """
    n_samples = truth.shape[0]
    if n_folds == 1 or not 0 <= n_folds <= n_samples:
        raise ValueError(f"n_folds must be 0 or from 2 to the {n_samples} samples, not {n_folds}")
    if n_folds == 0:
        predicted = _predict(truth, estimate, jnp.ones(n_samples, bool), affine)
    else:
        fold = jnp.arange(n_samples) % n_folds

        def add_fold(k: Array, total: Array) -> Array:
            held_out = fold == k
            return total + jnp.where(held_out[:, None], _predict(truth, estimate, ~held_out, affine), 0)

        predicted = jax.lax.fori_loop(0, n_folds, add_fold, jnp.zeros_like(truth))
    return _scores(truth, predicted)


def _predict(truth: Array, estimate: Array, fitted: Bool[Array, " n_samples"], affine: bool) -> Array:
    """Predictions of all samples by the least-squares map of those that are `fitted`."""
    weight = fitted.astype(truth.dtype)[:, None]
    scaled = unit_columns(estimate)  # so that the pseudo-inverse's cut-off does not depend on the atoms' scales
    shift_in, shift_out = jnp.zeros((1, estimate.shape[1]), truth.dtype), jnp.zeros((1, truth.shape[1]), truth.dtype)
    if affine:
        shift_in = jnp.sum(weight * scaled, axis=0, keepdims=True) / jnp.sum(weight)
        shift_out = jnp.sum(weight * truth, axis=0, keepdims=True) / jnp.sum(weight)
    weights = jnp.linalg.pinv(weight * (scaled - shift_in)) @ (weight * (truth - shift_out))
    return (scaled - shift_in) @ weights + shift_out


def _scores(truth: Array, predicted: Array) -> LinearR2:
    counted = jnp.max(truth, axis=0) > jnp.min(truth, axis=0)
    spread = jnp.sum((truth - jnp.mean(truth, axis=0, keepdims=True)) ** 2, axis=0)
    error = jnp.sum((truth - predicted) ** 2, axis=0)
    per_latent = jnp.where(counted, 1 - error / jnp.where(counted, spread, 1), 0)
    n_counted = jnp.count_nonzero(counted)
    mean = jnp.sum(per_latent) / jnp.maximum(n_counted, 1).astype(truth.dtype)
    return LinearR2(jnp.where(n_counted > 0, mean, jnp.nan), per_latent, counted)
