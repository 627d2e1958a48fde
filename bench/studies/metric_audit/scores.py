"""All metrics as scores whose best value is 1, by family."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from analysis import metrics
from bench.studies.metric_audit.definitions import DEFINITIONS
from bench.studies.metric_audit.estimates import Estimate

Family = Callable[[PRNGKeyArray, Estimate, Estimate, float], dict[str, Array]]

LABELS = {name: definition.label for name, definition in DEFINITIONS.items()}
"""Every score, and what it is called in pictures, in their order."""


def matching(key: PRNGKeyArray, truth: Estimate, estimate: Estimate, threshold: float) -> dict[str, Array]:
    """What a one-to-one matching of latents or atoms says."""
    matched = metrics.mean_correlation(truth.codes, estimate.codes)
    aligned = metrics.align(truth.codes, estimate.codes, matched.assignment)
    similarity = metrics.dictionary_similarity(truth.dictionary, estimate.dictionary)
    if truth.codes.shape == estimate.codes.shape:
        amari = 1 - metrics.amari_index(metrics.absolute_correlation(truth.codes, estimate.codes))
    else:
        amari = jnp.full_like(matched.mcc, jnp.nan)
    return {
        "mcc": matched.mcc,
        "mcc_rank": metrics.mean_correlation(truth.codes, estimate.codes, rank=True).mcc,
        "soft_matching": 1 - metrics.soft_matching_distance(truth.codes, estimate.codes) ** 2 / 2,
        "amari": amari,
        "explained": 1 - metrics.nmse(truth.codes, aligned),
        "support_f1": metrics.support_scores(truth.codes, aligned, threshold=threshold).f1,
        "exact_support": metrics.exact_support_rate(truth.codes, aligned, threshold=threshold),
        "matched_cosine": similarity.matched_cosine,
        "max_cosine": similarity.max_cosine,
    }


def readout(key: PRNGKeyArray, truth: Estimate, estimate: Estimate, threshold: float) -> dict[str, Array]:
    """What linear maps from the estimate to the truth say."""
    found = metrics.dci(truth.codes, estimate.codes)
    return {
        "r2": metrics.linear_r2(truth.codes, estimate.codes).mean,
        "r2_held_out": metrics.linear_r2(truth.codes, estimate.codes, n_folds=2).mean,
        "disentanglement": found.disentanglement,
        "completeness": found.completeness,
        "informativeness": found.informativeness,
    }


def representation(key: PRNGKeyArray, truth: Estimate, estimate: Estimate, threshold: float) -> dict[str, Array]:
    """What the likeness of the two sets of codes as a whole says."""
    sides = truth.codes, estimate.codes
    return {
        "cca": jnp.mean(metrics.canonical_correlations(*sides)),
        "svcca": metrics.svcca(*sides),
        "cka": metrics.linear_cka(*sides),
        "cka_debiased": metrics.linear_cka(*sides, debiased=True),
        "rsa": metrics.representational_similarity(*sides),
        "procrustes": 1 - metrics.procrustes_distance(*sides) ** 2 / 2,
    }


def structure(key: PRNGKeyArray, truth: Estimate, estimate: Estimate, threshold: float) -> dict[str, Array]:
    """Whether latents are split, absorbed, missing or there twice, and whether atoms come back."""
    splitting = metrics.feature_splitting(truth.codes, estimate.codes, threshold=threshold)
    absorption = metrics.feature_absorption(
        truth.codes, estimate.codes, truth.dictionary, estimate.dictionary, splitting.main, threshold=threshold
    )
    dead = metrics.dead_atoms(estimate.codes, threshold=threshold)
    twice = metrics.duplicate_atoms(estimate.dictionary)
    again = estimate.dictionary if estimate.again is None else estimate.again
    return {
        "unsplit": 1 - splitting.split_rate,
        "unabsorbed": 1 - absorption.rate,
        "alive": 1 - jnp.mean(dead.astype(truth.codes.dtype)),
        "distinct": 1 - jnp.mean(twice.astype(truth.codes.dtype)),
        "stable": metrics.dictionary_stability(jnp.stack([estimate.dictionary, again])).mean,
    }


def proxies(key: PRNGKeyArray, truth: Estimate, estimate: Estimate, threshold: float) -> dict[str, Array]:
    """What the likeness of an atom's items says; they are embedded by their true codes, labelled by the largest."""
    labels = jnp.argmax(truth.codes, axis=1)
    selectivity = metrics.class_selectivity(estimate.codes, labels, n_classes=truth.codes.shape[1])
    return {
        "intrusion": jnp.mean(metrics.intrusion_accuracy(key, estimate.codes, truth.codes)),
        "monosemanticity": jnp.nanmean(metrics.monosemanticity(estimate.codes, truth.codes)),
        "selectivity": jnp.mean(selectivity),
    }


FAMILIES: dict[str, Family] = {
    "matching": matching,
    "readout": readout,
    "representation": representation,
    "structure": structure,
    "proxies": proxies,
}
