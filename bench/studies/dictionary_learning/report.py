"""Sentences and notes of dictionary learning, and what its report shows, from the rows alone."""

import pandas as pd

from bench.report.content import ReportContent
from bench.studies.dictionary_learning import tables
from bench.studies.dictionary_learning.panels import panels
from bench.study import Results, Spec

_WHY = {
    "impossible": "have fewer samples than the counting bound, and no method can succeed",
    "this learner": "are recovered by another learner of this run",
    "not singled out": "end at a wrong dictionary whose objective is as low as the truth's, so that the samples do not "
    "single out the truth by it",
    "unstable": "leave the truth, though it has the lower objective, even when started next to it",
    "not found": "would keep the truth, which has the lower objective, but no learner here finds it",
}


def report(results: Results) -> ReportContent:
    """What the report shows; one row per cell, method and trial."""
    rows = tables.judged(results.rows)
    cells, boundary = tables.cell_table(rows), tables.boundary_table(rows)
    scaling = tables.scaling_table(boundary)
    found = {"boundary": boundary, "cells": cells}
    return ReportContent(
        title="Dictionary learning",
        question="How many samples does it take to find an unknown dictionary, by which learner, and where one fails, "
        "is it impossible, hard, or only the method?",
        sentences=[*_boundaries(boundary), *_failures_told(cells), *_scaling(scaling)],
        panels=panels(cells, boundary),
        tables=found if scaling.empty else {**found, "scaling": scaling},
        notes=_notes(results.spec),
        failures=_failures(cells),
    )


def _boundaries(boundary: pd.DataFrame) -> list[str]:
    """Per learner and world, how many times the counting bound half of the trials need."""
    sentences = []
    for (method, *world), part in boundary.groupby(["method", *tables.WORLD], sort=True):  # pyright: ignore
        n_latents, _, sign, noise = world
        head = f"{method}, N = {n_latents}, M = {part['n_dims'].iloc[0]}, {sign} codes, noise {noise:g}"
        seen = part[part["samples50"].notna()]
        beyond = part[part["fit"] == "above_range"]
        if seen.empty:
            sentences.append(
                f"{head}: half of the trials recover the dictionary at no number of samples that was tried."
            )
            continue
        best, worst = (seen.loc[seen["times_bound"].agg(f)] for f in ("idxmin", "idxmax"))
        text = f"{head}: half of the trials recover the dictionary with {_times(best)}"
        if len(seen) > 1:
            text += f", and with {_times(worst)}"
        if len(beyond):
            active = ", ".join(str(k) for k in beyond["n_active"])
            text += f"; beyond all that were tried at K = {active}"
        sentences.append(f"{text}.")
    return sentences


def _times(row: pd.Series) -> str:
    return (
        f"{row['samples50']:.0f} samples [{row['samples50_low']:.0f}, {row['samples50_high']:.0f}] at K = "
        f"{row['n_active']:.0f}, {row['times_bound']:.1f} times the counting bound"
    )


def _failures_told(cells: pd.DataFrame) -> list[str]:
    sentences = []
    for method, part in cells.groupby("method", sort=True):
        lost = part[part["verdict"] != "recovered"]
        if lost.empty:
            sentences.append(f"{method} recovers every cell.")
            continue
        counts = lost["verdict"].value_counts()
        why = "; ".join(f"{counts[name]} {text}" for name, text in _WHY.items() if name in counts)
        sentences.append(f"{method} does not recover {len(lost)} of {len(part)} cells: {why}.")
    return sentences


def _scaling(scaling: pd.DataFrame) -> list[str]:
    sentences = []
    for method, part in scaling.groupby("method", sort=True) if len(scaling) else ():
        linear = part["power_low"].le(1) & part["power_high"].ge(1)
        sentences.append(
            f"{method}: the samples at the boundary grow as N to the power {part['power'].mean():.2f} on average; the "
            f"95% interval holds 1, which theory says, at {int(linear.sum())} of {len(part)} densities."
        )
    return sentences


def _notes(spec: Spec) -> list[str]:
    fixed = spec.fixed
    notes = [
        f"A dictionary is recovered where the mean |cosine| of matched atoms is at least {tables.SUCCESS:g}; the "
        "threshold is applied to the stored similarities. `atoms_found`: share of true atoms with an |cosine| above "
        ".99.",
        "Counting bound: P >= N (M - 1) / (M - K), as P M numbers must determine N (M - 1) of the dictionary and K P "
        "amplitudes. Typical: N M / (M - K), statistical mechanics without noise for N to infinity and unlimited "
        "computation (Sakata & Kabashima 2013). Neither says what a fast algorithm needs.",
        f"Objective: mean of 1/2 ||y - D z||^2 + {fixed.penalty:g} ||z||_1 at the best codes, on the samples that were "
        "learned from, in units of their root mean square norm. It is this study's criterion, not that of every "
        "learner.",
        "A gap of the objective below .1% counts as none.",
        "Learners are told K, the noise and the sign of the codes; bilinear-amp also assumes uniform amplitudes.",
        f"Those trained by gradient descent take {fixed.training_steps} steps. One dictionary per trial serves all "
        "samples, densities and noise levels; intervals treat trials as independent.",
    ]
    if fixed.near_cosine:
        notes.append(
            f"Start near the truth: every atom turned in a random direction until its cosine with the true one is "
            f"{fixed.near_cosine:g}. Learners without steps from a first dictionary have none."
        )
    return notes


def _failures(cells: pd.DataFrame) -> list[str]:
    failed = cells[cells["n_failures"] > 0]
    return [
        f"{row['method']}, N = {row['n_latents']}, K = {row['n_active']}, P = {row['n_samples']}: {row['n_failures']} "
        f"of {row['n_trials']} fits became non-finite"
        for row in failed.to_dict("records")
    ]
