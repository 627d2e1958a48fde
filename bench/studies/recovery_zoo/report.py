"""The zoo's report: rankings, pictures and sentences from the rows, and costs from the timings."""

import pandas as pd

from bench.report.content import ReportContent
from bench.status import MOST_UNCONVERGED
from bench.studies.recovery_zoo import panels, tables
from bench.studies.recovery_zoo.parameters import Fixed
from bench.study import Results, Spec


def report(results: Results) -> ReportContent:
    """What the report shows; one row per cell, method and trial."""
    rows, spec = tables.judge(results.rows), results.spec
    cells, theory = tables.cell_table(rows), tables.theory_table(spec)
    ranking, costs = tables.ranking_table(rows, cells, spec), tables.cost_table(results.timings, spec)
    return ReportContent(
        title="Recovery zoo",
        question="Which method recovers sparse codes best, with the dictionary known and unknown, over sparsity and "
        "noise, and what does it cost?",
        sentences=[
            *(_leaders(ranking, told) for told in panels.TOLD if told in set(ranking["told"])),
            *_theory(cells, theory),
            *_encoders_apart(ranking, spec),
            *_fastest(costs),
            _failed(rows),
        ],
        panels=[panels.ranking(ranking, theory), *panels.families(cells, ranking, theory, spec)],
        tables={"ranking": ranking, "cells": cells, "theory": theory, **({} if costs.empty else {"costs": costs})},
        notes=_notes(spec),
        failures=_failures(cells),
    )


def _leaders(ranking: pd.DataFrame, told: str) -> str:
    part = ranking[(ranking["told"] == told) & (ranking["method"] != tables.NULL)]
    null = ranking[(ranking["told"] == told) & (ranking["method"] == tables.NULL)]
    if part.empty:
        return f"With the {told} nothing was run but chance: {null['nmse_db'].iloc[0]:.1f} dB."
    best = part.iloc[0]
    equal = part[(part["rank"] > 1) & ~(part["behind_best_db_low"] > 0)]["method"].tolist()
    text = (
        f"With the {told}, the best of {len(part)} methods is "
        f"{best['method']}: mean NMSE {best['nmse_db']:.1f} dB [{best['nmse_db_low']:.1f}, "
        f"{best['nmse_db_high']:.1f}], {best['cells_recovered']} of {best['n_cells']} cells recovered "
        f"(NMSE <= {tables.RECOVERED:g})."
    )
    if equal:
        text += f" Not told apart from it by {best['n_trials'] // best['n_cells']} trials: {', '.join(equal)}."
    if len(null):
        text += f" Chance, a dictionary that was never fitted: {null['nmse_db'].iloc[0]:.1f} dB."
        worse = part[part["nmse_db"] >= null["nmse_db"].iloc[0]]["method"].tolist()
        if worse:
            text += f" No better than chance: {', '.join(worse)}."
    return text


def _theory(cells: pd.DataFrame, theory: pd.DataFrame) -> list[str]:
    """Cell by cell: does the lasso do what theory says of it?"""
    measured = cells[(cells["method"] == "fista") & (cells["metric"] == "nmse")]
    if measured.empty:
        return []
    both = measured.merge(theory, on=tables.CELL)
    ratio = both["mean"] / both["lasso"]
    agree = ((both["mean"] <= tables.RECOVERED) == (both["lasso"] <= tables.RECOVERED)).sum()
    return [
        f"The lasso (fista) and its theory agree on recovered or not in {agree} of {len(both)} cells; measured / "
        f"predicted NMSE has median {ratio.median():.2f} and lies between {ratio.min():.2f} and {ratio.max():.2f}."
    ]


def _encoders_apart(ranking: pd.DataFrame, spec: Spec) -> list[str]:
    """What an autoencoder's dictionary gives when a sparse coder reads it instead of its own encoder."""
    part = ranking[ranking["family"] == "autoencoders"]
    if part.empty:
        return []
    gains = part["support_f1"] - part["read_support_f1"]
    better = part[gains < 0]["method"].tolist()
    return [
        f"Encoder and dictionary judged apart: {spec.fixed.reader} reads a better support (F1) from the dictionary of "
        f"{len(better)} of {len(part)} autoencoders than their own encoder does"
        + (f" ({', '.join(better)})." if better else ".")
    ]


def _fastest(costs: pd.DataFrame) -> list[str]:
    part = costs.dropna(subset="microseconds_per_signal") if len(costs) else costs
    if part.empty:
        return []
    fast, slow = part.iloc[0], part.iloc[-1]
    return [
        f"Fastest coder: {fast['method']}, {fast['microseconds_per_signal']:.3g} microseconds a signal; slowest: "
        f"{slow['method']}, {slow['microseconds_per_signal']:.3g} (this run's machine, compile time apart)."
    ]


def _failed(rows: pd.DataFrame) -> str:
    failed = rows[rows["failed"]]
    if failed.empty:
        return f"All {len(rows)} solves converged."
    by_method = ", ".join(f"{method} {count}" for method, count in failed.groupby("method").size().items())
    return f"{len(failed)} of {len(rows)} solves did not converge or became non-finite: {by_method}. They are marked."


def _notes(spec: Spec) -> list[str]:
    fixed: Fixed = spec.fixed
    return [
        f"World: Gaussian dictionary of {fixed.n_latents} unit-norm atoms in {fixed.n_dims} dimensions, exactly K "
        f"{fixed.code_sign} active latents of standard normal magnitude. One dictionary per trial; all methods see the "
        "same samples.",
        "Every method is told sizes, sign, K, the noise level, and the penalty and threshold that theory finds best. "
        f"Learners see {fixed.n_train} samples, those trained on codes their codes too; gradient descent takes "
        f"{fixed.training_steps} steps.",
        "The ranking is by the mean over cells of the NMSE in dB; a result that is not finite counts as no codes, "
        "0 dB. Intervals are 95% Student t intervals over trials; differences to the best are paired.",
        f"A trial failed where more than {MOST_UNCONVERGED:.0%} of its samples did not converge, or the fit or "
        "any sample became non-finite. Failed trials stay in the means, at what they returned.",
        "NMSE = sum |z^ - z|^2 / sum |z|^2. With the dictionary unknown, codes are matched to the latents one to one "
        "and scaled by least squares. read_* are the scores of codes "
        f"that {fixed.reader} reads with the learned dictionary.",
        f"Supports: estimated magnitude above {fixed.activity_threshold:g}.",
    ]


def _failures(cells: pd.DataFrame) -> list[str]:
    failed = cells[(cells["metric"] == "nmse") & (cells["n_failures"] > 0)]
    return [
        f"{row.method}, K = {row.n_active}, noise {row.noise_std:g}: {row.n_failures} of {row.n_trials} trials"
        for row in failed.itertuples()
    ]
