"""How boundaries and widths change with the number of latents, where three or more were run."""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.comparison import compare_with_theory
from analysis.statistics import Scaling, fit_boundary_scaling, fit_width_scaling
from analysis.theory.l1_transition import l1_transition

LEAST_SIZES = 3
"""Two sizes always lie on a line of two coefficients: nothing would be left to test."""

CURVE = ["method", "code_sign", "undersampling"]


def scaling_table(boundary: pd.DataFrame) -> pd.DataFrame:
    """Per method, sign and undersampling: rho50's limit of many latents beside theory, and the width's exponent.

    The law rho50(N) - theory(M/N) = (limit - theory) + a N^(-2/3) is fitted, so that rounding M costs nothing; log
    width = constant + exponent log N. A boundary enters with a standard error of half its 95% interval's width over
    1.96. Curves with fewer than three sizes whose boundary lies inside the grid are left out; exponents from fewer than
    three widths that the grid resolves are nan.
    """
    records = []
    for _, group in boundary.groupby(CURVE, sort=True):
        known = group[group["rho50"].notna() & np.isfinite(group["rho50_high"] - group["rho50_low"])]
        if len(known) < LEAST_SIZES:
            continue
        curve = group.iloc[0]
        error = (known["rho50_high"] - known["rho50_low"]) / (2 * stats.norm.ppf(0.975))
        limit = fit_boundary_scaling(known["n_latents"], known["rho50"] - known["theory"], error)
        theory = float(l1_transition(curve["undersampling"], curve["code_sign"]))
        wide = known[np.isfinite(known["width_se"]) & (known["width_se"] > 0)]
        enough = len(wide) >= LEAST_SIZES
        width = fit_width_scaling(wide["n_latents"], wide["width"], wide["width_se"]) if enough else None
        records.append(
            {
                **{name: curve[name] for name in CURVE},
                "n_sizes": len(known),
                "limit": theory + float(limit.constant.estimate),
                "limit_low": theory + float(limit.constant.low),
                "limit_high": theory + float(limit.constant.high),
                "theory": theory,
                "slope": float(limit.slope.estimate),
                "slope_low": float(limit.slope.low),
                "slope_high": float(limit.slope.high),
                "misfit_p_value": limit.p_value,
                **_exponent(width),
            }
        )
    return pd.DataFrame.from_records(records)


def _exponent(width: Scaling | None) -> dict[str, float]:
    names = ("width_exponent", "width_exponent_low", "width_exponent_high", "width_misfit_p_value")
    if width is None:
        return dict.fromkeys(names, np.nan)
    slope = width.slope
    numbers = (float(slope.estimate), float(slope.low), float(slope.high), width.p_value)
    return dict(zip(names, numbers, strict=True))


def scaling_sentences(scaling: pd.DataFrame) -> list[str]:
    """Whether the limits are theory's, and whether the transition sharpens as it should."""
    if scaling.empty:
        return []
    n = len(scaling)
    inside = compare_with_theory(scaling["limit_low"], scaling["limit_high"], scaling["theory"]) == "agrees"
    mean = (scaling["limit"] - scaling["theory"]).mean()
    text = (
        "Finite sizes: extrapolated to infinite N by the law N^(-2/3), the boundary's 95% interval holds theory at "
        f"{int(inside.sum())} of {n} curves (mean difference {mean:+.3f}); the law "
        f"itself is rejected at 5% at {int((scaling['misfit_p_value'] < 0.05).sum())}."
    )
    known = scaling[scaling["width_exponent"].notna()]
    if known.empty:
        return [f"{text} The grid of sparsity ratios is too coarse to tell how the width changes."]
    half = compare_with_theory(known["width_exponent_low"], known["width_exponent_high"], -0.5) == "agrees"
    return [
        f"{text} The width changes as N to a power of median {known['width_exponent'].median():+.2f}; -1/2, a "
        f"transition that sharpens with the square root of N, is in the 95% interval at {int(half.sum())} of "
        f"{len(known)}."
    ]
