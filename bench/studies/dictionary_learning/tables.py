"""Success, boundaries in samples, their scaling with N, and whose failure it is: tables of the rows."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics import fit_boundary, fit_width_scaling, mean_interval, wilson_interval
from analysis.theory.chance import matched_cosine_chance
from analysis.theory.counting import minimum_samples
from analysis.theory.dictionary_samples import typical_samples
from recovery.solution import Status

SUCCESS = 0.95
"""A dictionary counts as recovered where the mean |cosine| of matched atoms is at least this."""

WORLD = ["n_latents", "undersampling", "code_sign", "noise_std"]
CELL = [*WORLD, "density", "samples_per_latent"]

LEAST_SIZES = 3
"""Numbers of latents from which a law of scaling can be tested."""

_NORMAL_95 = 1.959963984540054
_SAME_OBJECTIVE = 1e-3


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, with what was recovered from either start, and whether the truth has the lower objective."""
    gap = (rows["objective"] - rows["true_objective"]) / rows["true_objective"]
    return rows.assign(
        recovered=rows["matched_cosine"] >= SUCCESS,
        near_recovered=np.where(rows["near_matched_cosine"].isna(), np.nan, rows["near_matched_cosine"] >= SUCCESS),
        gap=gap,
        truth_lower=gap > _SAME_OBJECTIVE,
        failed=rows["status"] != Status.CONVERGED,
    )


def cell_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per cell and method: recovery with its 95% Wilson interval, similarity beside chance, the second start, the gap.

    `gap` is (objective of the learned dictionary - that of the truth) / the latter. `truth_lower` is the share, among
    trials that did not recover, in which the truth has the lower objective; nan where all did.
    """
    records = []
    for keys, group in rows.groupby([*CELL, "method"], sort=True):
        point = group.iloc[0]
        n_latents, n_dims = int(point["n_latents"]), int(point["n_dims"])
        n_active, lost = int(point["n_active"]), group[~group["recovered"]]
        cosine = mean_interval(group["matched_cosine"].dropna())
        near = group["near_recovered"].dropna()
        records.append(
            {
                **dict(zip([*CELL, "method"], keys, strict=True)),  # pyright: ignore[reportArgumentType]
                "n_dims": n_dims,
                "n_active": n_active,
                "n_samples": int(point["n_samples"]),
                "counting_bound": float(minimum_samples(n_latents, n_dims, n_active)),
                "n_trials": len(group),
                "n_failures": int(group["failed"].sum()),
                "n_recovered": int(group["recovered"].sum()),
                "matched_cosine": float(cosine.estimate),
                "matched_cosine_low": float(cosine.low),
                "matched_cosine_high": float(cosine.high),
                "chance": matched_cosine_chance(n_dims, n_latents, n_latents),
                "atoms_found": group["atoms_found"].mean(),
                "near_rate": near.mean() if len(near) else np.nan,
                "near_atoms_found": group["near_atoms_found"].mean(),
                "gap": group["gap"].mean(),
                "truth_lower": lost["truth_lower"].mean() if len(lost) else np.nan,
            }
        )
    table = pd.DataFrame.from_records(records)
    rate = wilson_interval(table["n_recovered"], table["n_trials"])
    table = table.assign(rate=rate.estimate, rate_low=rate.low, rate_high=rate.high)
    return table.assign(verdict=_verdicts(table))


def _verdicts(cells: pd.DataFrame) -> list[str]:
    """Of each cell in which at most half of the trials recover, whose failure it is.

    - recovered: more than half of the trials did;
    - impossible: fewer samples than the counting bound;
    - not singled out: in most failures what was learned has as low an objective as the truth;
    - this learner: the truth has the lower objective, and another learner of this run recovers the cell;
    - unstable: the truth has the lower objective, but the learner leaves it when started next to it;
    - not found: the truth has the lower objective and is kept when started next to it, yet no learner here finds it.
    """
    solved = cells.groupby(CELL)["rate"].transform("max") > 0.5
    named = []
    for cell, by_another in zip(cells.to_dict("records"), solved, strict=True):
        if cell["rate"] > 0.5:
            named.append("recovered")
        elif cell["n_samples"] < cell["counting_bound"]:
            named.append("impossible")
        elif by_another:
            named.append("this learner")
        elif cell["truth_lower"] <= 0.5:
            named.append("not singled out")
        elif cell["near_rate"] <= 0.5:
            named.append("unstable")
        else:
            named.append("not found")
    return named


def boundary_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per method, world and density: the samples with which half of the trials recover, with a 95% interval.

    A logistic fit over log P. Beside it the counting bound and the typical number of statistical mechanics, and the
    same boundary for the start next to the truth (`near_samples50`).
    """
    records = []
    for keys, group in rows.groupby(["method", *WORLD, "density"], sort=True):
        point = group.iloc[0]
        sizes = int(point["n_latents"]), int(point["n_dims"]), int(point["n_active"])
        bound = float(minimum_samples(*sizes))
        own = _samples50(group, "recovered")
        near = _samples50(group.dropna(subset=["near_recovered"]), "near_recovered")
        records.append(
            {
                **dict(zip(["method", *WORLD, "density"], keys, strict=True)),  # pyright: ignore[reportArgumentType]
                "n_dims": sizes[1],
                "n_active": sizes[2],
                "samples50": own["at"],
                "samples50_low": own["low"],
                "samples50_high": own["high"],
                "fit": own["fit"],
                "counting_bound": bound,
                "times_bound": own["at"] / bound,
                "typical_samples": float(typical_samples(*sizes)),
                "near_samples50": near["at"],
                "near_samples50_low": near["low"],
                "near_samples50_high": near["high"],
                "n_trials": len(group),
            }
        )
    return pd.DataFrame.from_records(records)


def _samples50(group: pd.DataFrame, column: str) -> dict[str, Any]:
    levels = group.groupby("n_samples")[column].agg(["sum", "size"])
    # The fit is of a falling curve.
    fit = fit_boundary(-np.log(levels.index.to_numpy(float)), levels["sum"].astype(float), levels["size"])
    with np.errstate(over="ignore"):
        at, low, high = (float(np.exp(-x)) for x in (fit.x50, fit.high, fit.low))
    renamed = {"above_range": "below_range", "below_range": "above_range"}
    return {"at": at, "low": low, "high": high, "fit": renamed.get(fit.status, fit.status)}


def scaling_table(boundary: pd.DataFrame) -> pd.DataFrame:
    """Per method, shape and density with enough sizes: the power p of N in samples50 ~ N^p; 1 is what theory says.

    Weighted least squares on logarithms, with the intervals' lengths as standard errors; empty with fewer than
    `LEAST_SIZES` sizes.
    """
    records = []
    shape = ["method", *(name for name in WORLD if name != "n_latents"), "density"]
    for keys, group in boundary.groupby(shape, sort=True):
        error = np.log(group["samples50_high"] / group["samples50_low"]) / (2 * _NORMAL_95)
        usable = np.isfinite(error) & (error > 0) & group["samples50"].notna()
        part = group[usable]
        if part["n_latents"].nunique() < LEAST_SIZES:
            continue
        law = fit_width_scaling(part["n_latents"], part["samples50"], error[usable] * part["samples50"])
        records.append(
            {
                **dict(zip(shape, keys, strict=True)),  # pyright: ignore[reportArgumentType]
                "n_sizes": part["n_latents"].nunique(),
                "power": float(law.slope.estimate),
                "power_low": float(law.slope.low),
                "power_high": float(law.slope.high),
                "law_p_value": law.p_value,
            }
        )
    return pd.DataFrame.from_records(records)
