"""The map's pictures."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.figures import Curve, Levels, MapFacet, Panel, Series, SeriesFacet, cut_plot, heat_map
from analysis.theory.l1_transition import l1_transition
from bench.studies.superposition_map.parameters import NULL, Fixed, blind, known
from bench.studies.superposition_map.sentences import DICTIONARY
from bench.studies.superposition_map.tables import RECOVERED, oracle_nmse, worst_case_nmse
from bench.study import Spec

MAPPED = {"nmse": "NMSE", "mcc": "mean correlation coefficient (MCC)", "support_f1": "support F1"}
DENSITY, NOISE = "density (share of active latents)", "noise standard deviation σ"


def metric_map(cells: pd.DataFrame, boundary: pd.DataFrame, spec: Spec, metric: str) -> Panel:
    """One metric over density and noise, a row per method and a column per dictionary, with theory and the measured
    boundary laid over.
    """
    part = cells[cells["metric"] == metric]
    methods = [m for m in (*known(spec), *blind(spec)) if m in set(part["method"])]
    kinds = [d for d in DICTIONARY if d in set(part["dictionary"])]
    x = Levels(DENSITY, np.array(spec.grid.density), log=True)
    y = Levels(NOISE, np.array(spec.grid.noise_std), log=True)
    recovered = cells[(cells["metric"] == "nmse") & (cells["recovered"] == "yes")]
    theory = _curves(spec)
    facets = [[_facet(part, recovered, boundary, theory, m, d, x, y, metric) for d in kinds] for m in methods]
    log = metric == "nmse"
    return heat_map(
        facets,
        x=x,
        y=y,
        value_label=MAPPED[metric],
        name=f"map-{metric.replace('_', '-')}",
        title=f"{MAPPED[metric]} over density and noise",
        caption=f"Mean over {spec.trials} trials. Outlined: recovered, NMSE ≤ {RECOVERED:g}. Coloured: the noise up to "
        "which half of the trials are recovered, with its 95% interval as a band. Black, for a random dictionary in "
        "the limit of many latents: the l1 transition without noise (vertical); where the worst-case noise sensitivity "
        f"of the lasso, and where the oracle floor, pass NMSE = {RECOVERED:g}. The row “{NULL}” is the chance level.",
        alt=f"Maps of {MAPPED[metric]} per method, for the trained network and the random dictionary: good at "
        "low density and low noise, "
        "worse towards high density and high noise.",
        limits=(1e-3, 1.0) if log else (0.0, 1.0),
        log_colour=log,
        colour_map="viridis_r" if log else "viridis",
        row_titles=methods,
        column_titles=[DICTIONARY[d] for d in kinds],
        hatched_label="solves that did not converge",
        outlined_label=f"recovered (NMSE ≤ {RECOVERED:g})",
    )


def cuts(cells: pd.DataFrame, theory: pd.DataFrame, spec: Spec) -> list[Panel]:
    """NMSE against density at the noise level in the middle, and against noise at a density below the transition."""
    noise = spec.grid.noise_std[len(spec.grid.noise_std) // 2]
    transition = _transition_density(spec.fixed)
    below = [d for d in spec.grid.density if d <= transition / 2] or [spec.grid.density[0]]
    panels = []
    for axis, fixed_axis, level, label, name in (
        ("density", "noise_std", noise, DENSITY, "cut-density"),
        ("noise_std", "density", below[-1], NOISE, "cut-noise"),
    ):
        if len(getattr(spec.grid, axis)) < 2:
            continue
        panels.append(_cut(cells, theory, spec, axis=axis, fixed_axis=fixed_axis, level=level, label=label, name=name))
    return panels


def geometry_panel(geometry: pd.DataFrame, fixed: Fixed) -> Panel:
    """Represented share, coherence and dimensions per feature of both dictionaries over density."""
    facets = []
    for metric, title in (
        ("represented_fraction", "latents represented (share)"),
        ("coherence", "coherence of the represented"),
        ("dimensions_per_feature", "dimensions per feature D*"),
    ):
        part = geometry[geometry["metric"] == metric]
        series = [
            _series(DICTIONARY[str(name)], group, "density") for name, group in part.groupby("dictionary", sort=False)
        ]
        facets.append(SeriesFacet(title, series))
    return cut_plot(
        facets,
        name="geometry",
        title="What the networks represent",
        caption="A latent is represented where ‖W_i‖² > 1/2; D* = M / ‖W‖²_F is 1 without superposition. "
        f"Bands: 95% intervals over trials. M/N = {fixed.n_dims / fixed.n_latents:g}.",
        alt="Share of represented latents, coherence and dimensions per feature over density, for trained and "
        "random dictionaries.",
        x_label=DENSITY,
        y_label="value",
        x_log=True,
    )


def _facet(
    part: pd.DataFrame,
    recovered: pd.DataFrame,
    boundary: pd.DataFrame,
    theory: list[Curve],
    method: str,
    kind: str,
    x: Levels,
    y: Levels,
    metric: str,
) -> MapFacet:
    here = part[(part["method"] == method) & (part["dictionary"] == kind)].set_index(["noise_std", "density"])
    index = pd.MultiIndex.from_product([y.values, x.values], names=["noise_std", "density"])
    shape = (len(y.values), len(x.values))
    grid = here.reindex(index)
    what = f"{method}, {DICTIONARY[kind]}"
    tips = [_tip(cell, what, MAPPED[metric]) for _, cell in grid.reset_index().iterrows()]
    yes = recovered[(recovered["method"] == method) & (recovered["dictionary"] == kind)]
    edge = boundary[(boundary["method"] == method) & (boundary["dictionary"] == kind)]
    return MapFacet(
        "",
        grid["mean"].to_numpy(float).reshape(shape),
        curves=[*theory, *_measured(edge)] if method != NULL else (),
        hatched=(grid["n_failures"].fillna(0).to_numpy() > 0).reshape(shape),
        outlined=index.isin(yes.set_index(["noise_std", "density"]).index).reshape(shape),
        tips=[tips[i * shape[1] : (i + 1) * shape[1]] for i in range(shape[0])],
    )


def _tip(cell: pd.Series, what: str, label: str) -> str:
    place = f"{what}, density {cell['density']:g}, noise {cell['noise_std']:g}"
    if np.isnan(cell["n_trials"]):
        return f"{place}: no rows yet"
    chance = "" if np.isnan(cell["chance"]) else f", chance {cell['chance']:.3g}"
    return (
        f"{place}: {label} {cell['mean']:.3g} [{cell['low']:.3g}, {cell['high']:.3g}]{chance}, "
        f"{cell['n_trials']:.0f} trials, {cell['n_failures']:.0f} failures"
    )


def _transition_density(fixed: Fixed) -> float:
    delta = fixed.n_dims / fixed.n_latents
    return delta * float(l1_transition(delta, "nonnegative"))


def _curves(spec: Spec) -> list[Curve]:
    low, high = spec.grid.density[0], spec.grid.density[-1]
    density = np.geomspace(low, high, 400)
    edge = _transition_density(spec.fixed)
    vertical = Curve("l1 transition", np.array([edge, edge]), np.array([-np.inf, np.inf]))

    def contour(nmse: Callable[[Fixed, np.ndarray, float], np.ndarray]) -> np.ndarray:
        # All predictions grow with the noise's variance: the level is passed at sqrt(level / prediction at 1).
        per_variance = nmse(spec.fixed, density, 1.0)
        return np.where(np.isfinite(per_variance), np.sqrt(RECOVERED / per_variance), -np.inf)

    return [
        vertical,
        Curve("noise sensitivity (worst case)", density, contour(worst_case_nmse)),
        Curve("oracle floor", density, contour(oracle_nmse)),
    ]


def _measured(boundary: pd.DataFrame) -> list[Curve]:
    """The measured boundary; none where no density has one."""
    if not (boundary["noise50_low"] > 0).any():
        return []
    columns = (boundary[name].to_numpy(float) for name in ("density", "noise50", "noise50_low", "noise50_high"))
    density, middle, low, high = columns
    return [Curve("measured boundary", density, middle, kind="measured", low=low, high=high)]


def _cut(
    cells: pd.DataFrame,
    theory: pd.DataFrame,
    spec: Spec,
    *,
    axis: str,
    fixed_axis: str,
    level: float,
    label: str,
    name: str,
) -> Panel:
    part = cells[(cells["metric"] == "nmse") & (cells[fixed_axis] == level)]
    line = theory[theory[fixed_axis] == level].sort_values(axis)
    curves = [
        Curve(text, line[axis].to_numpy(), line[column].to_numpy())
        for text, column in (
            ("lasso, theory", "lasso"),
            ("worst case, theory", "worst_case"),
            ("oracle floor", "oracle"),
        )
    ]
    facets = []
    for kind, group in part.groupby("dictionary", sort=False):
        methods = [m for m in (*known(spec), *blind(spec)) if m in set(group["method"]) and m != NULL]
        series = [_series(m, group[group["method"] == m], axis) for m in methods]
        null = group[group["method"] == NULL].sort_values(axis)
        chance = [Curve("chance", null[axis].to_numpy(), null["mean"].to_numpy(), kind="chance")] if len(null) else []
        facets.append(SeriesFacet(DICTIONARY[str(kind)], series, [*curves, *chance]))
    where = f"{'noise σ' if fixed_axis == 'noise_std' else 'density'} = {level:g}"
    return cut_plot(
        facets,
        name=name,
        title=f"NMSE at {where}",
        caption=f"Mean NMSE with 95% intervals, {where}, beside theory for a random dictionary in the limit of "
        "many latents.",
        alt=f"NMSE of each method against {label}, with theory's curves and the chance level.",
        x_label=label,
        y_label="NMSE",
        x_log=bool(part[axis].min() > 0),
        y_log=True,
    )


def _series(label: str, part: pd.DataFrame, axis: str) -> Series:
    part = part.sort_values(axis)
    tips = [
        f"{label}, {axis} {row[axis]:g}: {row['mean']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
        for _, row in part.iterrows()
    ]
    flagged = part["n_failures"].to_numpy() > 0 if "n_failures" in part else None
    return Series(
        label,
        part[axis].to_numpy(),
        part["mean"].to_numpy(),
        part["low"].to_numpy(),
        part["high"].to_numpy(),
        flagged=flagged,
        tips=tips,
    )
