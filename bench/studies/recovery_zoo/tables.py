"""The zoo's tables: cells with intervals, rankings, theory, and what everything cost."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.comparison import paired_difference
from analysis.statistics import mean_interval
from analysis.theory.bayes_bernoulli_gaussian import state_evolution_mse
from analysis.theory.bayes_hard_phase import bayes_ceiling, bayes_phase
from analysis.theory.noise_sensitivity import noise_sensitivity
from analysis.theory.oracle_floor import oracle_floor
from bench.methods import built_in
from bench.status import trial_failed
from bench.studies.recovery_zoo.parameters import Fixed, predicted_lasso
from bench.study import Spec
from recovery.solution import Status

CELL = ["n_active", "noise_std"]
METRICS = (
    "nmse",
    "mcc",
    "support_f1",
    "support_precision",
    "support_recall",
    "dictionary_cosine",
    "read_nmse",
    "read_mcc",
    "read_support_f1",
    "iterations",
)

RANKED = ("mcc", "support_f1", "dictionary_cosine", "read_nmse", "read_mcc", "read_support_f1")
"""Metrics that the ranking shows beside its own, as means over all cells."""

NULL = "unrelated"

RECOVERED = 0.1
"""A cell counts as recovered where the mean NMSE is at most this."""


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark each row as failed or not; the error of a row that is not finite is that of no codes at all, 1."""
    failed = trial_failed(rows) | (rows["fit_status"] == Status.NON_FINITE)
    counted = rows["nmse"].where(np.isfinite(rows["nmse"]), 1.0)
    return rows.assign(failed=failed, nmse_db=10 * np.log10(np.maximum(counted, 1e-12)))


def family_of(spec: Spec) -> dict[str, tuple[str, str]]:
    """Family and kind of every method of the spec."""
    own = {name: (method.family, method.kind) for name, method in built_in().items()}
    return {name: own.get(name) or ("plugged in", spec.plugins[name].kind) for name in spec.methods}


def cell_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per cell, method and metric: mean over trials with its 95% Student t interval, trials and failures.

    `chance` is the mean of the null learner, a dictionary that was never fitted.
    """
    by = [*CELL, "method"]
    records = []
    for place, group in rows.groupby(by, sort=False):
        base = dict(zip(by, place if isinstance(place, tuple) else (place,), strict=True))
        counts = {"n_trials": len(group), "n_failures": int(group["failed"].sum())}
        for metric in METRICS:
            if metric not in group or group[metric].isna().all():
                continue
            found = mean_interval(group[metric].to_numpy())
            numbers = {"mean": float(found.estimate), "low": float(found.low), "high": float(found.high)}
            records.append({**base, "metric": metric, **numbers, **counts})
    table = pd.DataFrame.from_records(records)
    chance = table.loc[table["method"] == NULL, [*CELL, "metric", "mean"]].rename(columns={"mean": "chance"})
    table = table.merge(chance, on=[*CELL, "metric"], how="left")
    recovered = np.where(table["metric"] == "nmse", np.where(table["mean"] <= RECOVERED, "yes", "no"), "")
    return table.assign(recovered=recovered)


def ranking_table(rows: pd.DataFrame, cells: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """Methods by their mean NMSE in dB over all cells, best first, those that know the dictionary before the others.

    A trial's score is the mean over its cells; intervals are over trials, 95% Student t. Trials share dictionary, codes
    and noise between methods, so that `behind_best_db` is a paired difference.
    """
    scores = rows.pivot_table(index="trial", columns="method", values="nmse_db", aggfunc="mean")
    kinds = family_of(spec)
    recovered = cells[(cells["metric"] == "nmse") & (cells["recovered"] == "yes")].groupby("method").size()
    n_cells = rows.drop_duplicates(CELL).shape[0]
    tables = []
    for told in ("dictionary known", "dictionary unknown"):
        names = [n for n in scores.columns if (kinds[str(n)][1] == "learner") == (told == "dictionary unknown")]
        if not names:
            continue
        order = scores[names].mean().sort_values().index
        records = []
        for rank, name in enumerate(order, start=1):
            own = rows[rows["method"] == name]
            records.append(
                {
                    "told": told,
                    "rank": rank,
                    "method": name,
                    "family": kinds[str(name)][0],
                    **_interval("nmse_db", mean_interval(scores[name].to_numpy())),
                    **_interval("behind_best_db", paired_difference(scores[name], scores[order[0]])),
                    "cells_recovered": int(recovered.get(name, 0)),
                    "n_cells": n_cells,
                    **{metric: own[metric].mean() for metric in RANKED if metric in own},
                    "iterations": own["iterations"].mean(),
                    "failed_share": own["failed"].mean(),
                    "n_trials": len(own),
                }
            )
        tables.append(pd.DataFrame.from_records(records))
    return pd.concat(tables, ignore_index=True)


def theory_table(spec: Spec) -> pd.DataFrame:
    """Per cell the NMSE that theory gives for a random dictionary in the limit of many latents.

    `lasso`: state evolution for these codes at the penalty used; `worst_case`: noise sensitivity, whatever the
    amplitudes (inf above the l1 transition); `oracle`: least squares on the true support; `bayes`: what Bayes-optimal
    message passing reaches on signed codes (state evolution), none for others; `bayes_ceiling`: what no method beats on
    them, lower where the `phase` is hard.
    """
    fixed: Fixed = spec.fixed
    delta = fixed.n_dims / fixed.n_latents
    records = []
    for n_active in spec.grid.n_active:
        density = n_active / fixed.n_latents
        for noise in spec.grid.noise_std:
            worst = float(noise_sensitivity(delta, n_active / fixed.n_dims, fixed.code_sign))
            bayes, ceiling, phase = np.nan, np.nan, "unknown"
            if fixed.code_sign == "signed":
                bayes = float(state_evolution_mse(delta, density, noise**2))
                ceiling, phase = bayes_ceiling(delta, density, noise**2), bayes_phase(delta, density, noise**2)
            records.append(
                {
                    "n_active": n_active,
                    "noise_std": noise,
                    "lasso": predicted_lasso(fixed, n_active, noise).mse / density,
                    "worst_case": worst * noise**2 / density,
                    "oracle": float(oracle_floor(fixed.n_dims, n_active, noise)) / n_active,
                    "bayes": bayes / density,
                    "bayes_ceiling": ceiling / density,
                    "phase": phase,
                }
            )
    return pd.DataFrame.from_records(records)


def theory_in_db(theory: pd.DataFrame) -> dict[str, float]:
    """The mean over cells in dB of each prediction that is finite everywhere: the scale of the ranking."""
    columns = {"oracle floor": "oracle", "lasso, theory": "lasso", "Bayes, theory": "bayes"}
    logs = {label: 10 * np.log10(np.maximum(theory[column], 1e-12)) for label, column in columns.items()}
    return {label: float(values.mean()) for label, values in logs.items() if np.all(np.isfinite(values))}


def cost_table(timings: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """What each method took on the machine of the run: seconds to compile, per problem, and per signal of a coder.

    A problem is one cell of one trial: `n_eval` signals, and for whatever is fitted the fit as well. What an earlier
    run has compiled is read, in a tenth of the time. The only table that another run of the same spec does not repeat.
    """
    if timings.empty:
        return pd.DataFrame()
    kinds = family_of(spec)
    totals = timings.groupby("method", sort=False)[["n_points", "compile_seconds", "run_seconds"]].sum()
    per_problem = totals["run_seconds"] / totals["n_points"]
    coder = pd.Series({name: kinds[str(name)][1] == "coder" for name in totals.index})
    table = pd.DataFrame(
        {
            "method": totals.index,
            "family": [kinds[str(name)][0] for name in totals.index],
            "compile_seconds": totals["compile_seconds"].to_numpy(),
            "milliseconds_per_problem": 1e3 * per_problem.to_numpy(),
            "microseconds_per_signal": (1e6 * per_problem / spec.fixed.n_eval).where(coder).to_numpy(),
        }
    )
    return table.sort_values("milliseconds_per_problem", ignore_index=True)


def _interval(name: str, found: Any) -> dict[str, float]:
    return {name: float(found.estimate), f"{name}_low": float(found.low), f"{name}_high": float(found.high)}
