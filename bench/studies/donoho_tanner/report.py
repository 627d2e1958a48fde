"""Sentences and notes of the phase diagram, and what its report shows, from the rows alone."""

import pandas as pd

from analysis.comparison import compare_with_theory
from bench.report.content import ReportContent
from bench.studies.donoho_tanner.panels import boundary_panel, cut_panels, map_panels
from bench.studies.donoho_tanner.tables import (
    SUCCESS,
    boundary_table,
    judged,
    scaling_table,
    status_table,
    success_table,
)
from bench.study import Results, Spec
from recovery.solution import Status

_REJECTED = 0.05


def report(results: Results) -> ReportContent:
    """What the report shows; one row per point, method and trial."""
    rows, spec = judged(results.rows), results.spec
    success, boundary = success_table(rows), boundary_table(rows)
    status, scaling = status_table(rows), scaling_table(boundary)
    tables = {"boundary": boundary, "success": success, "status": status}
    return ReportContent(
        title="Phase transition of l1 minimisation",
        question="With a known Gaussian dictionary and no noise, how sparse must codes be for l1 minimisation "
        "to return them?",
        sentences=[
            *_located(boundary, spec),
            *_agreement(boundary),
            *_test_sentence(boundary),
            *_scaling_sentence(scaling),
            _status_sentence(status),
        ],
        panels=[
            boundary_panel(boundary),
            # An adaptive run's levels are those of no map.
            *(map_panels(success, boundary) if spec.adaptive is None else []),
            *cut_panels(success),
        ],
        tables=tables if scaling.empty else {**tables, "scaling": scaling},
        notes=_notes(spec),
        failures=_failures(success),
    )


def _located(boundary: pd.DataFrame, spec: Spec) -> list[str]:
    """How narrow an adaptive run's intervals are, and what they took."""
    if spec.adaptive is None:
        return []
    half = (boundary["rho50_high"] - boundary["rho50_low"]) / 2
    n_located, n = int((half <= spec.adaptive).sum()), len(boundary)
    text = (
        f"Adaptive: {n_located} of {n} boundaries are located to {spec.adaptive:g}, half of the 95% interval's length; "
        f"{boundary['n_trials'].sum()} solves, {boundary['n_trials'].median():.0f} for the median boundary."
    )
    others = boundary[half > spec.adaptive]
    if len(others):
        some = "; ".join(
            f"{one.method}, {one.code_sign}, N = {one.n_latents}, delta = {one.undersampling:g} ({one.fit})"
            for one in others.head(4).itertuples()
        )
        text += f" Not located: {some}{' and others' if len(others) > 4 else ''}."
    return [text]


def _agreement(boundary: pd.DataFrame) -> list[str]:
    sentences = []
    for (method, sign, n_latents), group in boundary.groupby(["method", "code_sign", "n_latents"], sort=True):
        measured = group[group["rho50"].notna()]
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
            f"{difference.iloc[worst]:+.3f} at delta = {measured['undersampling'].iloc[worst]:g}."
        )
    return sentences


def _test_sentence(boundary: pd.DataFrame) -> list[str]:
    """How often "measured = theory" is rejected, beside how often it would be by chance."""
    p_values = boundary["theory_p_value"].dropna()
    if p_values.empty:
        return []
    n_rejected = int((p_values < _REJECTED).sum())
    corrected = int((boundary["theory_p_value_holm"] < _REJECTED).sum())
    return [
        "That the boundary is theory's, which holds for N to infinity, is rejected at the 5% level by likelihood "
        f"ratio at {n_rejected} of {len(p_values)} boundaries ({_REJECTED * len(p_values):.1f} expected if it were "
        f"true), at {corrected} after Holm's correction for as many tests."
    ]


def _scaling_sentence(scaling: pd.DataFrame) -> list[str]:
    if scaling.empty:
        return []
    inside = scaling["theory"].between(scaling["limit_low"], scaling["limit_high"])
    return [
        f"Extrapolated to infinitely many latents by rho50 = limit + slope N^(-2/3), the limit's 95% interval holds "
        f"theory at {int(inside.sum())} of {len(scaling)} boundaries; the transition's width goes as N to the power "
        f"{scaling['width_power'].mean():.2f} on average (-1/2 is usual)."
    ]


def _status_sentence(status: pd.DataFrame) -> str:
    parts = []
    for method, group in status.groupby("method", sort=True):
        counts = ", ".join(f"{int(group[s.name.lower()].sum())} {s.name.lower()}" for s in Status)
        worst = group["worst_certificate"].max()
        certified = f" (worst certificate {worst:.1e})" if method == "basis-pursuit" else ""
        parts.append(f"{method}: {counts}{certified}")
    return "Status of the solves - " + "; ".join(parts) + "."


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
        f"{_trials(spec)}; theory is the limit of many latents, from which finite N departs.",
    ]


def _trials(spec: Spec) -> str:
    if spec.adaptive is None:
        return f"{spec.trials} trials per point"
    return f"Rounds of {spec.trials} dictionaries at up to ten sparsity ratios, then five around the boundary"


def _failures(success: pd.DataFrame) -> list[str]:
    failed = success[success["n_not_converged"] > 0]
    return [
        f"{f.method}, {f.code_sign}, N = {f.n_latents}, δ = {f.undersampling:g}, ρ = {f.sparsity_ratio:g}: "
        f"{f.n_not_converged} of {f.n_trials} solves did not converge"
        for f in failed.itertuples()
    ]
