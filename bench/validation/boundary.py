"""The sparsity up to which codes are recovered, measured by the study donoho-tanner, against the l1 transition."""

import numpy as np
import pandas as pd
import pyarrow as pa
from msgspec.structs import replace

from analysis.figures import Curve, Panel, Series, SeriesFacet, boundary_plot
from analysis.theory.l1_transition import l1_transition
from bench.evaluate import evaluate_chunk
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.donoho_tanner.tables import boundary_table
from bench.study import Spec
from bench.validation.check import Check, Findings, judge
from bench.validation.subject import Coder
from recovery.solution import Status

ALLOWANCE = 0.05
"""What finite N is allowed: basis pursuit itself is off by up to 0.03 at N = 100 and 200, where K / M takes steps of
0.01 to 0.02."""
JUDGED_UP_TO = 0.5
"""Undersampling beyond which only methods that solve a convex problem are judged: there a correct method of another
kind may fall short of l1. Two implementations of orthogonal matching pursuit (built in, and by least squares in NumPy)
both reach 0.456 at delta = 0.75, where l1 reaches 0.534."""
REFERENCE = "basis-pursuit"


def check_boundary(coder: Coder, source: str, *, seed: int, quick: bool) -> Findings:
    """The 50% boundary with its interval, signed and non-negative, with basis pursuit's beside it."""
    spec = _spec(source, coder.precision, seed, quick=quick)
    rows = pa.concat_tables([evaluate_chunk(spec, chunk).rows for chunk in plan(get_study(spec.study), spec)])
    table = _boundaries(rows.to_pandas(), coder.tolerance)
    own = table[table["method"] == coder.method.name]
    checks = [_check(coder, row, spec) for row in own.to_dict("records")]
    return Findings(checks, {"boundary": table}, [_panel(table)])


def _spec(source: str, precision: str, seed: int, *, quick: bool) -> Spec:
    study = get_study("donoho-tanner")
    levels = (
        "0.1,0.16,0.22,0.28,0.34,0.4,0.46,0.52,0.58,0.64,0.7"
        if quick
        else ",".join(f"{0.05 * i:.2f}" for i in range(1, 19))
    )
    settings = [
        f"n_latents={100 if quick else 200}",
        f"undersampling={'0.5' if quick else '0.25,0.5,0.75'}",
        f"sparsity_ratio={levels}",
        "trials=10",
        f"methods={REFERENCE}"
        if source not in study.methods or source == REFERENCE
        else f"methods={source},{REFERENCE}",
    ]
    plugged = [] if source in study.methods else [source]
    return load_spec(study, settings=settings, methods=plugged, precision=precision, seed=seed)


def _boundaries(rows: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """Each trial counts, whatever its status: a method is judged by what it returns, and leaving out what has not
    converged would leave out hard trials more than easy ones.
    """
    recovered = rows["relative_error"] <= 2 * tolerance
    return boundary_table(rows.assign(recovered=recovered, counted=True, converged=rows["status"] == Status.CONVERGED))


def _check(coder: Coder, row: dict, spec: Spec) -> Check:
    nonnegative = row["code_sign"] == "nonnegative"
    sign = "non-negative" if nonnegative else "signed"
    # Only a method that says which convex problem it solves is held to what the sign can give it.
    judged_by = "signed" if nonnegative and coder.method.solves is None else row["code_sign"]
    theory = float(l1_transition(row["n_dims"] / row["n_latents"], judged_by))
    low, high = float(row["rho50_low"]), float(row["rho50_high"])
    reached = high >= theory - ALLOWANCE
    passed = reached and (coder.method.solves is None or low <= theory + ALLOWANCE)
    words = {"no_transition": "no falling success curve", "below_range": "below all", "above_range": "above all"}
    place = f"{row['rho50']:.3f}" if np.isfinite(row["rho50"]) else words.get(str(row["fit"]), str(row["fit"]))
    if row["fit"] == "no_transition":
        passed = False
    better = " It does better than l1 minimisation." if passed and low > theory + ALLOWANCE else ""
    two_sided = "" if coder.method.solves is None else f" nor its lower end above by more (it {_says(coder)})"
    by = (
        "the signed one, as it does not say that it solves a problem with z >= 0"
        if judged_by != row["code_sign"]
        else ""
    )
    name = f"boundary, {sign} codes, delta = {row['undersampling']:g}"
    unsure = (
        f"; {row['n_not_converged']} of {row['n_trials']} solves were reported as not converged"
        if row["n_not_converged"]
        else ""
    )
    measured = (
        f"half of the trials succeed up to K / M = {place} (95%: {low:.3f} to {high:.3f}); the l1 transition is "
        f"{theory:.3f}{f' ({by})' if by else ''}{unsure}"
    )
    if coder.method.solves is None and row["undersampling"] > JUDGED_UP_TO:
        reason = (
            f"{measured}, {'reached' if passed else 'not reached'}. For information: beyond delta = {JUDGED_UP_TO:g} a "
            "correct method that is not l1 minimisation may fall short of it, as orthogonal matching pursuit does."
        )
        return replace(judge(name, passed, float(row["rho50"]), theory - ALLOWANCE, reason), outcome="not applicable")
    return judge(
        name,
        passed,
        float(row["rho50"]),
        theory - ALLOWANCE,
        f"{measured}. Its upper end may not be below that by more than {ALLOWANCE:g}, for finite N{two_sided}. "
        f"N = {row['n_latents']}, {spec.trials} trials a level, success within {2 * coder.tolerance:g}.{better}",
    )


def _says(coder: Coder) -> str:
    return f"says that it solves {coder.method.solves}"


def _panel(table: pd.DataFrame) -> Panel:
    delta = np.linspace(0.01, 0.99, 99)
    facets = []
    for sign in ("signed", "nonnegative"):
        part = table[table["code_sign"] == sign]
        series = [_series(str(name), group) for name, group in part.groupby("method", sort=True)]
        facets.append(SeriesFacet(f"{sign} codes", series, [Curve("theory (l1)", delta, l1_transition(delta, sign))]))
    return boundary_plot(
        facets,
        name="boundary",
        title="Measured 50% boundary and theory",
        caption="Sparsity ratio at which half of the trials succeed, with the 95% profile-likelihood interval of a "
        "logistic fit, against the asymptotic l1 transition (Donoho & Tanner 2009).",
        alt="The method's measured boundary beside basis pursuit's and the theoretical phase transition.",
    )


def _series(label: str, part: pd.DataFrame) -> Series:
    tips = [
        f"{label}, δ = {r['undersampling']:g}: ρ50 = {r['rho50']:.3f} [{r['rho50_low']:.3f}, {r['rho50_high']:.3f}]"
        for r in part.to_dict("records")
    ]
    columns = (part[name].to_numpy() for name in ("undersampling", "rho50", "rho50_low", "rho50_high"))
    return Series(label, *columns, tips=tips)
