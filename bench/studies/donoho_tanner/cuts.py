"""Success against sparsity at one undersampling after the other."""

import numpy as np
import pandas as pd

from analysis.figures import Curve, Panel, Series, SeriesFacet, cut_plot
from analysis.theory import CodeSign
from analysis.theory.l1_transition import l1_transition

MOST_CUTS = 9
"""More pairs of axes than these no longer fit a page; the table of successes has the rest."""

WORDS: dict[CodeSign, str] = {"signed": "signed codes", "nonnegative": "non-negative codes"}


def cut_panel(success: pd.DataFrame, sign: CodeSign, n_latents: int) -> Panel:
    """Success rate against rho with Wilson intervals, a pair of axes per undersampling, theory as a vertical line."""
    part = success[(success["code_sign"] == sign) & (success["n_latents"] == n_latents)]
    levels = np.sort(part["undersampling"].unique())
    shown = levels[np.unique(np.linspace(0, len(levels) - 1, min(MOST_CUTS, len(levels))).round().astype(int))]
    left_out = "" if len(shown) == len(levels) else f" {len(shown)} of {len(levels)} undersamplings are shown."
    return cut_plot(
        [_facet(part[part["undersampling"] == level], float(level), sign) for level in shown],
        name=f"cuts-{sign}-{n_latents}",
        title=f"Success over sparsity, {WORDS[sign]}, N = {n_latents}",
        caption="Share of the trials that count in which the code was recovered, with 95% Wilson intervals. Black: the "
        f"transition of theory, N to infinity.{left_out} Hollow points: some solve did not converge.",
        alt="Success rate of each method against the sparsity ratio, one pair of axes per undersampling: it falls from "
        "1 to 0 around theory's vertical line.",
        x_label="sparsity per measurement ρ = K/M",
        y_label="success rate",
        x_limits=(0.0, 1.02),
        y_limits=(-0.03, 1.03),
    )


def _facet(part: pd.DataFrame, undersampling: float, sign: CodeSign) -> SeriesFacet:
    n_dims, n_latents = part[["n_dims", "n_latents"]].to_numpy(float)[0]
    edge = float(l1_transition(n_dims / n_latents, sign))
    series = [
        _series(str(method), group.sort_values("sparsity_ratio")) for method, group in part.groupby("method", sort=True)
    ]
    theory = Curve("theory (N to infinity)", np.array([edge, edge]), np.array([-1.0, 2.0]))
    return SeriesFacet(f"δ = {undersampling:g}", series, [theory])


def _series(label: str, part: pd.DataFrame) -> Series:
    tips = [
        f"{label}, δ = {c['undersampling']:g}, ρ = {c['n_active'] / c['n_dims']:.3g} (K = {c['n_active']}): "
        f"{c['n_recovered']} of {c['n_counted']} recovered [{c['success_low']:.2f}, {c['success_high']:.2f}]"
        for c in part.to_dict("records")
    ]
    return Series(
        label,
        (part["n_active"] / part["n_dims"]).to_numpy(),
        part["success_rate"].to_numpy(),
        part["success_low"].to_numpy(),
        part["success_high"].to_numpy(),
        flagged=part["n_not_converged"].to_numpy() > 0,
        tips=tips,
    )
