"""Pictures of the phase diagram: boundaries, maps and cuts, with theory in each."""

import numpy as np
import pandas as pd

from analysis.figures import (
    Curve,
    Levels,
    MapFacet,
    Panel,
    Series,
    SeriesFacet,
    boundary_plot,
    cut_plot,
    heat_map,
)
from analysis.theory import CodeSign
from analysis.theory.l1_transition import l1_transition
from bench.studies.donoho_tanner.tables import SUCCESS

SIGNS: tuple[CodeSign, ...] = ("signed", "nonnegative")

_MOST_CUTS = 8


def boundary_panel(boundary: pd.DataFrame) -> Panel:
    """Boundaries with intervals beside theory, a pair of axes for each sign."""
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


def map_panels(success: pd.DataFrame, boundary: pd.DataFrame) -> list[Panel]:
    """Maps of the success rate for each N, with theory and the measured boundary."""
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
                "measured 50% boundary with its 95% interval as a band.",
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


def cut_panels(success: pd.DataFrame) -> list[Panel]:
    """Success over sparsity at each undersampling, with intervals, for each N."""
    panels = []
    for n_latents, part in success.groupby("n_latents", sort=True):
        facets = []
        for (sign, delta), group in part.groupby(["code_sign", "undersampling"], sort=True):
            edge = float(
                l1_transition(group["n_dims"].iloc[0] / group["n_latents"].iloc[0], group["code_sign"].iloc[0])
            )
            curve = Curve("theory (N to infinity)", np.array([edge, edge]), np.array([0.0, 1.0]))
            series = [_cut(str(method), one) for method, one in group.groupby("method", sort=True)]
            facets.append(SeriesFacet(f"{sign}, δ = {delta:g}", series, [curve]))
        panels.append(
            cut_plot(
                _spread(facets),
                name=f"cuts-{n_latents}",
                title=f"Success over sparsity, N = {n_latents}",
                caption="Share of counted trials that succeed, with 95% Wilson intervals, at some undersamplings; the "
                "vertical line is the asymptotic transition. Hollow points: some solve did not converge.",
                alt="Success rates falling from 1 to 0 over the sparsity ratio, near theory's transition.",
                x_label="sparsity per measurement ρ = K/M",
                y_label="success rate",
                y_limits=(-0.03, 1.03),
            )
        )
    return panels


def _spread(facets: list[SeriesFacet]) -> list[SeriesFacet]:
    """At most `_MOST_CUTS` of them, evenly spaced."""
    places = np.unique(np.linspace(0, len(facets) - 1, _MOST_CUTS).round().astype(int))
    return [facets[i] for i in places]


def _cut(method: str, cells: pd.DataFrame) -> Series:
    cells = cells.sort_values("sparsity_ratio")
    tips = [
        f"{method}, ρ = {c.sparsity_ratio:g}: {c.n_recovered} of {c.n_counted} recovered "
        f"[{c.success_low:.2f}, {c.success_high:.2f}], {c.n_not_converged} not converged"
        for c in cells.itertuples()
    ]
    return Series(
        method,
        cells["sparsity_ratio"].to_numpy(),
        cells["success_rate"].to_numpy(),
        cells["success_low"].to_numpy(),
        cells["success_high"].to_numpy(),
        flagged=cells["n_not_converged"].to_numpy() > 0,
        tips=tips,
    )
