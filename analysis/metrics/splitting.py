"""Feature splitting and feature absorption, where the truth is known [Chanin2024]."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from analysis.metrics.dictionary_similarity import unit_columns


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Splitting:
    """How many atoms detect each latent; `main[i, a]` says whether atom a is one of latent i's.

    `split_rate` is the share of the latents that are ever active with two atoms or more, nan where none is.
    """

    split_rate: Float[Array, ""]
    n_main: Int[Array, " n_latents"]
    main: Bool[Array, "n_latents n_atoms"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Absorption:
    """Over all samples in which a latent is active: the share absorbed; per latent, nan where it is never active."""

    rate: Float[Array, ""]
    per_latent: Float[Array, " n_latents"]


def feature_splitting(
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_atoms"],
    *,
    threshold: float = 0.0,
    gain: float = 0.03,
    most: int = 4,
) -> Splitting:
    """Which atoms together tell when a latent is active: the first by F1, others as long as each adds `gain` to it.

    An atom is active above `threshold` in magnitude, a latent where it is not 0; several atoms tell "active" where any
    of them is. Atoms are added greedily, at most `most`. The rate is in [0, 1], 0 at the truth and where no atom helps
    any latent twice, 1 where every latent is divided. Invariant to order, sign and, at threshold 0, scale. Chance
    is no zero point: on unrelated codes "any of" several atoms often tells more than one does, so that the rate is high
    there; it asks how latents are divided among atoms that find them. Read it beside a score of whether they do.
    [Chanin2024] train a sparse
    logistic probe instead of "any of", with the same threshold of .03 on F1.
    """
    active, fires = (truth != 0).astype(truth.dtype), (jnp.abs(estimate) > threshold).astype(truth.dtype)
    n_active, n_fires = jnp.sum(active, axis=0), jnp.sum(fires, axis=0)

    def add_atom(_: Array, state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        told, main, best, growing = state
        # What each atom would add to those that told before: hits among the latent's samples, and false alarms.
        hits = jnp.sum(active * told, axis=0)[:, None] + (active * (1 - told)).T @ fires
        total = jnp.sum(told, axis=0)[:, None] + n_fires[None, :] - told.T @ fires
        f1 = 2 * hits / jnp.maximum(n_active[:, None] + total, 1)
        choice, score = jnp.argmax(f1, axis=1), jnp.max(f1, axis=1)
        growing = growing & (score > best + gain)
        main = main | (growing[:, None] & jax.nn.one_hot(choice, fires.shape[1], dtype=bool))
        return jnp.where(growing[None, :], jnp.maximum(told, fires[:, choice]), told), main, score, growing

    n_latents, n_atoms = truth.shape[1], estimate.shape[1]
    start = (jnp.zeros_like(truth), jnp.zeros((n_latents, n_atoms), bool), jnp.zeros_like(n_active), n_active > 0)
    main = jax.lax.fori_loop(0, most, add_atom, start)[1]
    n_main = jnp.sum(main, axis=1, dtype=jnp.int32)
    ever = n_active > 0
    rate = jnp.sum(ever & (n_main >= 2)) / jnp.where(jnp.any(ever), jnp.sum(ever), jnp.nan)
    return Splitting(rate.astype(truth.dtype), n_main, main)


def feature_absorption(
    truth: Float[Array, "n_samples n_latents"],
    estimate: Float[Array, "n_samples n_atoms"],
    dictionary: Float[Array, "n_dims n_latents"],
    atoms: Float[Array, "n_dims n_atoms"],
    main: Bool[Array, "n_latents n_atoms"],
    *,
    threshold: float = 0.0,
    share: float = 0.5,
) -> Absorption:
    """How often another atom stands in for a latent whose own atoms (`main`, of `feature_splitting`) are silent.

    A sample in which latent i is active counts as absorbed where none of its main atoms is (above `threshold` in
    magnitude) and one other atom alone contributes at least `share` of it: e_a <atom_a, d_i> / (z_i ||d_i||^2) >=
    share. In [0, 1]; 0 at the truth, and 0 for codes that miss latents without replacing them. Invariant to the atoms'
    order, and to their sign and scale where the codes' is the inverse. Chance: a random dictionary's atoms overlap by
    about 1/sqrt(n_dims), so that large codes pass `share` by luck. With the truth known, its direction replaces the
    logistic probe of [Chanin2024] and its amplitude the ablation effect.
    """
    active, fires = truth != 0, (jnp.abs(estimate) > threshold).astype(truth.dtype)
    silent = active & ((fires @ main.T.astype(truth.dtype)) == 0)
    size: Array = jnp.linalg.norm(dictionary, axis=0)
    overlap = unit_columns(dictionary).T @ atoms / jnp.where(size > 0, size, 1)[:, None]

    def absorbed(latent: tuple[Array, Array, Array]) -> Array:
        overlaps, codes, missed = latent
        standing_in = jnp.max(estimate * fires * overlaps[None, :] * jnp.sign(codes)[:, None], axis=1)
        return jnp.sum(missed & (standing_in >= share * jnp.abs(codes)))

    counts = jax.lax.map(absorbed, (overlap, truth.T, silent.T))
    n_active = jnp.sum(active, axis=0)
    per_latent = counts / jnp.where(n_active > 0, n_active, jnp.nan)
    total = jnp.sum(n_active)
    rate = jnp.sum(counts) / jnp.where(total > 0, total, jnp.nan)
    return Absorption(rate.astype(truth.dtype), per_latent.astype(truth.dtype))
