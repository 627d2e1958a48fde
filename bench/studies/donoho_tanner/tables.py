"""Successes, boundaries, their scaling with N, and how solves ended: tables of the rows."""

import numpy as np
import pandas as pd

from analysis.statistics import (
    Interval,
    boundary_likelihood_ratio,
    fit_boundary,
    fit_boundary_scaling,
    holm_adjusted,
    wilson_interval,
)
from analysis.theory.l1_transition import l1_transition
from recovery.solution import Status

SUCCESS = 1e-3
"""A trial succeeds when ||z^ - z|| / ||z|| is at most this."""

BOUNDARY = ["method", "code_sign", "n_latents", "undersampling"]

LEAST_SIZES = 3
"""Numbers of latents from which a law of their scaling can be tested."""

_NORMAL_95 = 1.959963984540054


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, with what converged, what was recovered, and what counts."""
    converged = rows["status"] == Status.CONVERGED
    recovered = rows["relative_error"] <= SUCCESS
    # A solver that has not converged but stands at the truth has recovered it; elsewhere it says nothing about l1.
    return rows.assign(converged=converged, recovered=recovered, counted=converged | recovered)


def success_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per point and method: successes among the trials that count, with a 95% Wilson interval, and what did not
    converge.
    """
    groups = rows.groupby([*BOUNDARY, "sparsity_ratio"], sort=True)
    table = groups.agg(
        n_dims=("n_dims", "first"),
        n_active=("n_active", "first"),
        n_trials=("counted", "size"),
        n_counted=("counted", "sum"),
        n_recovered=("recovered", "sum"),
        n_not_converged=("converged", lambda c: int((~c).sum())),
        median_relative_error=("relative_error", "median"),
        largest_certificate=("certificate", "max"),
        mean_iterations=("iterations", "mean"),
    ).reset_index()
    rate = wilson_interval(table["n_recovered"], table["n_counted"])
    return table.assign(success_rate=rate.estimate, success_low=rate.low, success_high=rate.high)


def boundary_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per method, sign and undersampling: rho at 50% success by a logistic fit, its interval, theory's value, and
    the p-value of "measured = theory" by the likelihood ratio, plain and adjusted for the number of boundaries."""
    records = []
    for _, group in rows.groupby(BOUNDARY, sort=True):
        point = group.iloc[0]
        n_dims = int(group["n_dims"].iloc[0])
        levels = group.groupby("n_active").agg(successes=("recovered", "sum"), trials=("counted", "sum"))
        counts = levels.index.to_numpy() / n_dims, levels["successes"].to_numpy(), levels["trials"].to_numpy()
        fit = fit_boundary(*counts)
        theory = float(l1_transition(n_dims / point["n_latents"], point["code_sign"]))
        records.append(
            {
                "method": point["method"],
                "code_sign": point["code_sign"],
                "undersampling": point["undersampling"],
                "rho50": fit.x50,
                "rho50_low": fit.low,
                "rho50_high": fit.high,
                "theory": theory,
                "n_latents": point["n_latents"],
                "n_dims": n_dims,
                "width": fit.width,
                "fit": fit.status,
                "n_trials": len(group),
                "n_not_converged": int((~group["converged"]).sum()),
                "theory_p_value": boundary_likelihood_ratio(*counts, theory).p_value,
            }
        )
    table = pd.DataFrame.from_records(records)
    return table.assign(theory_p_value_holm=holm_adjusted(table["theory_p_value"])) if len(table) else table


def scaling_table(boundary: pd.DataFrame) -> pd.DataFrame:
    """Per method, sign and undersampling with enough sizes: rho50 = limit + slope N^(-2/3), and the power of the width.

    Standard errors of rho50 are its 95% interval's length / 3.92, which for a logistic fit is close to normal. The
    width's power is the slope of log width over log N by least squares, without an interval. Empty with fewer than
    `LEAST_SIZES` sizes.
    """
    records = []
    for (method, sign, delta), group in boundary.groupby(["method", "code_sign", "undersampling"], sort=True):
        error = (group["rho50_high"] - group["rho50_low"]) / (2 * _NORMAL_95)
        usable = np.isfinite(error) & (error > 0) & (group["width"] > 0)
        part, error = group[usable], error[usable]
        if part["n_latents"].nunique() < LEAST_SIZES:
            continue
        limit = fit_boundary_scaling(part["n_latents"], part["rho50"], error)
        power, _ = np.polyfit(np.log(part["n_latents"].to_numpy(float)), np.log(part["width"].to_numpy(float)), 1)
        records.append(
            {
                "method": method,
                "code_sign": sign,
                "undersampling": delta,
                "n_sizes": part["n_latents"].nunique(),
                **_named("limit", limit.constant),
                "theory": part["theory"].iloc[-1],
                **_named("slope", limit.slope),
                "law_p_value": limit.p_value,
                "width_power": float(power),
            }
        )
    return pd.DataFrame.from_records(records)


def _named(name: str, interval: Interval) -> dict[str, float]:
    return {name: float(interval.estimate), f"{name}_low": float(interval.low), f"{name}_high": float(interval.high)}


def status_table(rows: pd.DataFrame) -> pd.DataFrame:
    """How the solves of each method ended, and the worst certificate among those that say they converged."""
    records = []
    for (method, sign), group in rows.groupby(["method", "code_sign"], sort=True):
        counts = {status.name.lower(): int((group["status"] == status).sum()) for status in Status}
        worst = group.loc[group["converged"], "certificate"].max()
        records.append(
            {"method": method, "code_sign": sign, "n_trials": len(group), **counts, "worst_certificate": worst}
        )
    return pd.DataFrame.from_records(records)
