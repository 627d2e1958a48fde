"""Disentanglement, completeness and informativeness of estimated codes."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from analysis.metrics.correlation import standardise


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class DciScores:
    """Each in [0, 1], the last as an R^2 on the samples it was fitted to; `importance` is what they are made from."""

    disentanglement: Float[Array, ""]
    completeness: Float[Array, ""]
    informativeness: Float[Array, ""]
    importance: Float[Array, "n_atoms n_latents"]


def dci(
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_atoms"],
    *,
    penalty: float | Float[Array, ""] = 0.01,
) -> DciScores:
    """DCI [EastwoodWilliams2018] with importances |W| of a ridge regression from the atoms to the latents.

    Both sides are centred and scaled to unit norm, W minimises ||z - e W||^2 + penalty ||W||^2; the paper takes lasso
    weights or random forests instead, which are sparser, so that its scores are higher on noisy codes.

    - disentanglement: 1 - entropy (base N) of how an atom's importance is spread over latents, averaged over atoms by
      their total importance: 1 where every atom serves one latent.
    - completeness: 1 - entropy (base n_atoms) of how a latent's importance is spread over atoms, averaged over the
      latents that vary: 1 where one atom serves each latent, lower where a latent is split over several.
    - informativeness: mean R^2 of the regression on its own samples.

    All three are invariant to order, sign and scale. Chance is above 0: entropies of random weights fall short of log N
    by a constant (.28 / ln N for Gaussian ones, in the first two scores), and R^2 is about n_atoms / n_samples.
    """
    latents, atoms = standardise(truth), standardise(estimate)
    gram = atoms.T @ atoms + penalty * jnp.eye(atoms.shape[1], dtype=atoms.dtype)
    weights = jnp.linalg.solve(gram, atoms.T @ latents)
    counted = jnp.any(latents != 0, axis=0)
    n_counted = jnp.maximum(jnp.count_nonzero(counted), 1).astype(truth.dtype)
    importance = jnp.abs(weights)
    error = jnp.sum((latents - atoms @ weights) ** 2, axis=0)
    explained = jnp.sum(jnp.where(counted, 1 - error, 0)) / n_counted
    by_atom, by_latent = 1 - _entropy(importance), 1 - _entropy(importance.T)
    total = jnp.sum(importance)
    disentanglement = jnp.sum(by_atom * jnp.sum(importance, axis=1)) / jnp.where(total > 0, total, 1)
    completeness = jnp.sum(jnp.where(counted, by_latent, 0)) / n_counted
    return DciScores(disentanglement, completeness, explained, importance)


def _entropy(weights: Float[Array, "n k"]) -> Float[Array, " n"]:
    """Entropy of each row's shares, in units of log k; 1 for a row of zeros, 0 for k = 1."""
    total = jnp.sum(weights, axis=1, keepdims=True)
    share = jnp.where(total > 0, weights / jnp.where(total > 0, total, 1), 1 / weights.shape[1])
    size = weights.shape[1]
    return -jnp.sum(xlogy(share, share), axis=1) / jnp.log(size) if size > 1 else jnp.zeros_like(share[:, 0])
