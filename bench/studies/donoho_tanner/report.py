"""Boundaries, maps and sentences of the phase diagram, from the rows alone."""

import numpy as np
import pandas as pd

from analysis.comparison import compare_with_theory
from analysis.figures import Curve, Levels, MapFacet, Panel, Series, SeriesFacet, boundary_plot, heat_map
from analysis.statistics import (
    boundary_likelihood_ratio,
    fit_boundary,
    holm_adjusted,
    theory_test,
    width_standard_error,
    wilson_interval,
)
from analysis.theory import CodeSign
from analysis.theory.l1_transition import l1_transition
from bench.report.content import ReportContent
from bench.studies.donoho_tanner.cuts import cut_panel
from bench.studies.donoho_tanner.scaling import scaling_sentences, scaling_table
from bench.study import Results, Spec
from recovery.solution import Status

SUCCESS = 1e-3
"""A trial succeeds when ||z^ - z|| / ||z|| is at most this."""

LEVEL = 0.05
"""Of the tests of measured = theory."""

SIGNS: tuple[CodeSign, ...] = ("signed", "nonnegative")

BOUNDARY = ["method", "code_sign", "n_latents", "undersampling"]


def report(results: Results) -> ReportContent:
    """What the report shows; one row per point, method and trial."""
    rows, spec = _judged(results.rows), results.spec
    success, boundary = success_table(rows), boundary_table(rows)
    status, scaling = status_table(rows), scaling_table(boundary)
    sizes = sorted(success["n_latents"].unique())
    cuts = [cut_panel(success, s, int(n)) for n in sizes for s in SIGNS if (success["code_sign"] == s).any()]
    return ReportContent(
        title="Phase transition of l1 minimisation",
        question="With a known Gaussian dictionary and no noise, how sparse must codes be for l1 minimisation "
        "to return them?",
        sentences=[*_agreement(boundary), *_tests(boundary), *scaling_sentences(scaling), _status_sentence(status)],
        panels=[_boundary_panel(boundary), *_map_panels(success, boundary), *cuts],
        tables={
            "boundary": boundary,
            **({} if scaling.empty else {"scaling": scaling}),
            "success": success,
            "status": status,
        },
        notes=_notes(spec),
        failures=_failures(success),
    )


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
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
    """Per method, sign and undersampling: rho at 50% success by a logistic fit, its interval, and theory's value.

    `p_value` is that of the likelihood-ratio test of "the boundary is theory's", of one side where the boundary lies
    outside the grid; `p_value_holm` is adjusted for the number of boundaries in the table.
    """
    records = []
    for _, group in rows.groupby(BOUNDARY, sort=True):
        point = group.iloc[0]
        n_dims = int(group["n_dims"].iloc[0])
        levels = group.groupby("n_active").agg(successes=("recovered", "sum"), trials=("counted", "sum"))
        counts = levels.index.to_numpy() / n_dims, levels["successes"].to_numpy(), levels["trials"].to_numpy()
        fit = fit_boundary(*counts)
        theory = float(l1_transition(n_dims / point["n_latents"], point["code_sign"]))
        test = boundary_likelihood_ratio(*counts, theory)
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
                "width_se": width_standard_error(*counts),
                "likelihood_ratio": test.statistic,
                "p_value": test.p_value,
            }
        )
    table = pd.DataFrame.from_records(records)
    return table.assign(p_value_holm=holm_adjusted(table["p_value"]))


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


def _agreement(boundary: pd.DataFrame) -> list[str]:
    sentences = []
    for (method, sign, n_latents), group in boundary.groupby(["method", "code_sign", "n_latents"], sort=True):
        measured = group[group["rho50"].notna()]
        # A statistic of one degree of freedom is a z squared.
        together = theory_test(np.sqrt(group["likelihood_ratio"]), 1.0, 0.0)
        head = f"{method}, {sign} codes, N = {n_latents}"
        if measured.empty:
            sentences.append(f"{head}: no boundary lies within the sparsity ratios that were tried.")
            continue
        difference = measured["rho50"] - measured["theory"]
        inside = compare_with_theory(measured["rho50_low"], measured["rho50_high"], measured["theory"]) == "agrees"
        worst = int(difference.abs().to_numpy().argmax())
        sentences.append(
            f"{head}: theory lies in the 95% interval of the measured boundary at {inside.sum()} of {len(group)} "
            f"undersamplings; mean difference measured - theory {difference.mean():+.3f}, largest "
            f"{difference.iloc[worst]:+.3f} at delta = {measured['undersampling'].iloc[worst]:g}; all undersamplings "
            f"together: chi² = {together.statistic:.1f} on {together.freedom} degrees of freedom, "
            f"p = {together.p_value:.2g}."
        )
    return sentences


def _tests(boundary: pd.DataFrame) -> list[str]:
    """At how many boundaries theory is rejected, and how many that would be by chance."""
    tested = boundary[boundary["p_value"].notna()]
    if tested.empty:
        return []
    n = len(tested)
    rejected, after = int((tested["p_value"] < LEVEL).sum()), int((tested["p_value_holm"] < LEVEL).sum())
    return [
        f"Test of measured = theory (likelihood ratio): theory, which is for N to infinity, is rejected at {LEVEL:.0%} "
        f"at {rejected} of {n} boundaries; if it held at all of them, about {LEVEL * n:.1f} would be rejected by "
        f"chance. Corrected for {n} tests (Holm) {after} {'remains' if after == 1 else 'remain'} rejected."
    ]


def _status_sentence(status: pd.DataFrame) -> str:
    parts = []
    for method, group in status.groupby("method", sort=True):
        counts = ", ".join(f"{int(group[s.name.lower()].sum())} {s.name.lower()}" for s in Status)
        worst = group["worst_certificate"].max()
        certified = f" (worst certificate {worst:.1e})" if method == "basis-pursuit" else ""
        parts.append(f"{method}: {counts}{certified}")
    return "Status of the solves - " + "; ".join(parts) + "."


def _boundary_panel(boundary: pd.DataFrame) -> Panel:
    facets = []
    delta = np.linspace(0.01, 0.99, 99)
    for sign in SIGNS:
        group = boundary[boundary["code_sign"] == sign]
        if group.empty:
            continue
        curve = Curve("theory (N to infinity)", delta, l1_transition(delta, sign))
        series = [
            _series(str(method) if boundary["n_latents"].nunique() == 1 else f"{method}, N = {n}", part)
            for (method, n), part in group.groupby(["method", "n_latents"], sort=True)
        ]
        facets.append(SeriesFacet(f"{sign} codes", series, [curve]))
    return boundary_plot(
        facets,
        name="boundary",
        title="Measured 50% boundary and theory",
        caption="Sparsity ratio at which half of the trials succeed, with the 95% profile-likelihood interval "
        "of a logistic fit, "
        "against the asymptotic transition (Donoho & Tanner 2009). Hollow points: some solve did not converge.",
        alt="Measured boundaries per method beside the theoretical phase transition, for each sign of the codes.",
    )


def _series(label: str, part: pd.DataFrame) -> Series:
    tips = [
        f"{label}, δ = {row.undersampling:g}: ρ50 = {row.rho50:.4f} [{row.rho50_low:.4f}, {row.rho50_high:.4f}], "
        f"theory {row.theory:.4f}, {row.n_trials} trials, {row.n_not_converged} not converged"
        for row in part.itertuples()
    ]
    return Series(
        label,
        part["undersampling"].to_numpy(),
        part["rho50"].to_numpy(),
        part["rho50_low"].to_numpy(),
        part["rho50_high"].to_numpy(),
        flagged=part["n_not_converged"].to_numpy() > 0,
        tips=tips,
    )


def _map_panels(success: pd.DataFrame, boundary: pd.DataFrame) -> list[Panel]:
    panels = []
    for n_latents, part in success.groupby("n_latents", sort=True):
        measured = boundary[boundary["n_latents"] == n_latents]
        signs: list[CodeSign] = [sign for sign in SIGNS if (part["code_sign"] == sign).any()]
        methods = [str(method) for method in part["method"].unique()]
        x = Levels("undersampling δ = M/N", np.sort(part["undersampling"].unique()))
        y = Levels("sparsity per measurement ρ = K/M", np.sort(part["sparsity_ratio"].unique()))
        facets = [[_facet(part, measured, m, s, x, y) for m in methods] for s in signs]
        panels.append(
            heat_map(
                facets,
                x=x,
                y=y,
                value_label="success rate",
                limits=(0.0, 1.0),
                name=f"success-{n_latents}",
                title=f"Success rate, N = {n_latents}",
                caption=f"Share of trials with relative error at most {SUCCESS:g}, among trials that count. "
                "Black: theory; coloured: "
                "measured 50% boundary with its 95% interval.",
                alt="Maps of the success rate over undersampling and sparsity ratio: high below the "
                "theoretical curve, low above it.",
                row_titles=signs,
                column_titles=methods,
            )
        )
    return panels


def _facet(part: pd.DataFrame, boundary: pd.DataFrame, method: str, sign: CodeSign, x: Levels, y: Levels) -> MapFacet:
    cells = part[(part["method"] == method) & (part["code_sign"] == sign)].copy()
    cells["tip"] = [
        f"{method}, {sign}, δ = {c.undersampling:g}, ρ = {c.sparsity_ratio:g} (K = {c.n_active}, M = {c.n_dims}): "
        f"{c.n_recovered} of {c.n_counted} recovered [{c.success_low:.2f}, {c.success_high:.2f}], "
        f"{c.n_not_converged} not converged"
        for c in cells.itertuples()
    ]
    grid = cells.set_index(["sparsity_ratio", "undersampling"])
    index = pd.MultiIndex.from_product([y.values, x.values])
    shape = (len(y.values), len(x.values))
    grid = grid.reindex(index)
    measured = boundary[(boundary["method"] == method) & (boundary["code_sign"] == sign)].sort_values("undersampling")
    delta = np.linspace(x.values[0], x.values[-1], 200)
    return MapFacet(
        "",
        grid["success_rate"].to_numpy(float).reshape(shape),
        curves=[
            Curve("theory", delta, l1_transition(delta, sign)),
            Curve(
                "measured",
                measured["undersampling"].to_numpy(),
                measured["rho50"].to_numpy(),
                kind="measured",
                low=measured["rho50_low"].to_numpy(),
                high=measured["rho50_high"].to_numpy(),
            ),
        ],
        hatched=(grid["n_not_converged"].fillna(0).to_numpy() > 0).reshape(shape),
        tips=grid["tip"].fillna("no rows yet").to_numpy().reshape(shape).tolist(),
    )


def _notes(spec: Spec) -> list[str]:
    return [
        f"A trial succeeds when ||z^ - z|| / ||z|| <= {SUCCESS:g}; the threshold is applied to the stored errors.",
        "A solve that did not converge counts as a success if it stands at the truth, and otherwise is left "
        "out of the fit and "
        "shown as not converged.",
        "basis-pursuit's certificate is the larger of the relative duality gap and the relative violation of A z = y, "
        "recomputed from the problem; amp's is ||y - A z|| / ||y||.",
        "One dictionary per trial serves all sparsity ratios and both signs; codes are drawn anew for each. Intervals "
        "treat trials as independent.",
        "p_value in the table of boundaries is that of the likelihood-ratio test of measured = theory, p_value_holm "
        "the same adjusted for the number of boundaries (Holm 1979). Undersamplings share nothing, but methods and "
        "signs share dictionaries: chi² adds up undersamplings only.",
        f"{spec.trials} trials per point; theory is the limit of many latents, from which finite N departs.",
    ]


def _failures(success: pd.DataFrame) -> list[str]:
    failed = success[success["n_not_converged"] > 0]
    return [
        f"{f.method}, {f.code_sign}, N = {f.n_latents}, δ = {f.undersampling:g}, ρ = {f.sparsity_ratio:g}: "
        f"{f.n_not_converged} of {f.n_trials} solves did not converge"
        for f in failed.itertuples()
    ]
