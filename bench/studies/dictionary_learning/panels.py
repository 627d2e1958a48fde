"""Pictures of dictionary learning: maps over sparsity and samples, cuts, the two starts, the objective, and sizes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.figures import Curve, Levels, MapFacet, Panel, Series, SeriesFacet, cut_plot, heat_map
from analysis.theory.counting import minimum_samples
from bench.studies.dictionary_learning.tables import SUCCESS, WORLD

_MOST_COLUMNS = 4
_MOST_CUTS = 6
_SAMPLES = "samples per latent P/N"


def panels(cells: pd.DataFrame, boundary: pd.DataFrame) -> list[Panel]:
    """Every picture, world by world; that of sizes where there are two or more."""
    made = []
    for index, (world, title, part) in enumerate(_worlds(cells)):
        measured = boundary[(boundary[WORLD] == world).all(axis=1)]
        if part["density"].nunique() > 1 and part["samples_per_latent"].nunique() > 1:
            made.append(_map(part, measured, f"recovery-{index}", title))
        made += [_rates(part, f"rates-{index}", title), _gaps(part, f"objective-{index}", title)]
        if part["near_rate"].notna().any():
            made.append(_starts(part, f"starts-{index}", title))
    return [*made, *_sizes(boundary)]


def _worlds(table: pd.DataFrame) -> Iterator[tuple[pd.Series, str, pd.DataFrame]]:
    for keys, part in table.groupby(WORLD, sort=True):
        n_latents, _, sign, noise = keys  # pyright: ignore[reportGeneralTypeIssues]
        title = f"N = {n_latents}, M = {part['n_dims'].iloc[0]}, {sign} codes, noise {noise:g}"
        yield pd.Series(dict(zip(WORLD, keys, strict=True))), title, part  # pyright: ignore[reportArgumentType]


def _map(cells: pd.DataFrame, boundary: pd.DataFrame, name: str, title: str) -> Panel:
    x = Levels("density K/N", np.sort(cells["density"].unique()))
    y = Levels(_SAMPLES, np.sort(cells["samples_per_latent"].unique()), log=True)
    methods = [str(method) for method in cells["method"].unique()]
    facets: list[list[MapFacet | None]] = []
    for start in range(0, len(methods), _MOST_COLUMNS):
        facets.append([_facet(cells, boundary, method, x, y) for method in methods[start : start + _MOST_COLUMNS]])
    return heat_map(
        facets,
        x=x,
        y=y,
        value_label="share of dictionaries recovered",
        limits=(0.0, 1.0),
        name=name,
        title=f"Dictionary recovery, {title}",
        caption=f"Share of trials whose atoms have a mean |cosine| of at least {SUCCESS:g} with their true ones. "
        "Black: the counting bound, below which no method can succeed; coloured: the measured 50% boundary with its "
        "95% interval as a band.",
        alt="Maps of the share of recovered dictionaries over density and samples per latent, one per learner: high "
        "with many samples and few active latents, with the counting bound below.",
    )


def _facet(cells: pd.DataFrame, boundary: pd.DataFrame, method: str, x: Levels, y: Levels) -> MapFacet:
    part = cells[cells["method"] == method].copy()
    part["tip"] = [
        f"{method}, K = {c.n_active}, P = {c.n_samples}: {c.n_recovered} of {c.n_trials} recovered [{c.rate_low:.2f}, "
        f"{c.rate_high:.2f}], mean |cosine| {c.matched_cosine:.3f} (chance {c.chance:.3f}); {c.verdict}"
        for c in part.itertuples()
    ]
    grid = part.set_index(["samples_per_latent", "density"]).reindex(pd.MultiIndex.from_product([y.values, x.values]))
    shape = (len(y.values), len(x.values))
    measured = boundary[boundary["method"] == method].sort_values("density")
    n_latents, n_dims = int(part["n_latents"].iloc[0]), int(part["n_dims"].iloc[0])
    density = np.linspace(x.values[0], x.values[-1], 200)
    per_latent = {
        name: measured[name].to_numpy() / n_latents for name in ("samples50", "samples50_low", "samples50_high")
    }
    return MapFacet(
        method,
        grid["rate"].to_numpy(float).reshape(shape),
        curves=[
            Curve("counting bound", density, minimum_samples(n_latents, n_dims, density * n_latents) / n_latents),
            Curve(
                "measured",
                measured["density"].to_numpy(),
                per_latent["samples50"],
                kind="measured",
                low=per_latent["samples50_low"],
                high=per_latent["samples50_high"],
            ),
        ],
        hatched=(grid["n_failures"].fillna(0).to_numpy() > 0).reshape(shape),
        tips=grid["tip"].fillna("no rows yet").to_numpy().reshape(shape).tolist(),
    )


def _cuts(cells: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The cells of some densities, evenly spaced, each with its title."""
    groups = [(f"K = {part['n_active'].iloc[0]}", part) for _, part in cells.groupby("density", sort=True)]
    places = np.unique(np.linspace(0, len(groups) - 1, _MOST_CUTS).round().astype(int))
    return [groups[i] for i in places]


def _bound(part: pd.DataFrame, low: float, high: float) -> Curve:
    at = part["counting_bound"].iloc[0] / part["n_latents"].iloc[0]
    return Curve("counting bound", np.array([at, at]), np.array([low, high]))


def _series(label: str, part: pd.DataFrame, y: str, low: str | None = None, high: str | None = None) -> Series:
    part = part.sort_values("samples_per_latent")
    tips = [f"{label}, P = {row['n_samples']}: {row[y]:.3g}; {row['verdict']}" for row in part.to_dict("records")]
    ends: dict[str, Any] = (
        {} if low is None or high is None else {"low": part[low].to_numpy(), "high": part[high].to_numpy()}
    )
    return Series(
        label,
        part["samples_per_latent"].to_numpy(),
        part[y].to_numpy(float),
        flagged=part["n_failures"].to_numpy() > 0,
        tips=tips,
        **ends,
    )


def _rates(cells: pd.DataFrame, name: str, title: str) -> Panel:
    facets = []
    for head, part in _cuts(cells):
        chance = float(part["chance"].iloc[0])
        ends = np.array([part["samples_per_latent"].min(), part["samples_per_latent"].max()])
        series = [
            _series(str(method), one, "matched_cosine", "matched_cosine_low", "matched_cosine_high")
            for method, one in part.groupby("method", sort=True)
        ]
        level = Curve("chance", ends, np.full(2, chance), kind="chance")
        facets.append(SeriesFacet(head, series, [_bound(part, 0.0, 1.0), level]))
    return cut_plot(
        facets,
        name=name,
        title=f"Similarity of learned and true atoms, {title}",
        caption="Mean |cosine| of matched atoms with 95% Student t intervals over trials; the vertical line is the "
        "counting bound. Hollow points: some fit became non-finite.",
        alt="Curves of the mean cosine rising from the chance level to 1 with the number of samples.",
        x_label=_SAMPLES,
        y_label="matched |cosine|",
        x_log=True,
        y_limits=(0.0, 1.03),
    )


def _starts(cells: pd.DataFrame, name: str, title: str) -> Panel:
    told = cells[cells["near_rate"].notna()]
    facets = []
    for method, one in told.groupby("method", sort=True):
        middle = np.sort(one["density"].unique())[(one["density"].nunique() - 1) // 2]
        part = one[one["density"] == middle]
        series = [
            _series("own start", part, "rate", "rate_low", "rate_high"),
            _series("start near the truth", part, "near_rate"),
        ]
        facets.append(SeriesFacet(f"{method}, K = {part['n_active'].iloc[0]}", series, [_bound(part, 0.0, 1.0)]))
    return cut_plot(
        facets,
        name=name,
        title=f"Own start and a start near the truth, {title}",
        caption="Share of trials that recover the dictionary, for each learner at a middle density. Where the start "
        "near the truth stays there and the own start does not arrive, the search fails; where both fail, the truth is "
        "not where the learner goes.",
        alt="For each learner two curves over samples per latent: its own start and a start near the true dictionary.",
        x_label=_SAMPLES,
        y_label="share recovered",
        x_log=True,
        y_limits=(-0.03, 1.03),
    )


def _gaps(cells: pd.DataFrame, name: str, title: str) -> Panel:
    facets = []
    for head, part in _cuts(cells):
        ends = np.array([part["samples_per_latent"].min(), part["samples_per_latent"].max()])
        series = [_series(str(method), one, "gap") for method, one in part.groupby("method", sort=True)]
        facets.append(SeriesFacet(head, series, [Curve("that of the truth", ends, np.zeros(2))]))
    return cut_plot(
        facets,
        name=name,
        title=f"Objective of what was learned, beside that of the truth, {title}",
        caption="(objective - that of the true dictionary) / the latter, means over trials; l1 objective on the "
        "samples that were learned from. Below 0 the samples prefer a wrong dictionary to the true one.",
        alt="Curves of the relative difference of objectives over samples per latent: below 0 with few samples, above "
        "0 where the search fails, 0 where it succeeds.",
        x_label=_SAMPLES,
        y_label="relative gap of the objective",
        x_log=True,
    )


def _sizes(boundary: pd.DataFrame) -> list[Panel]:
    """Samples per latent at the boundary against N, where there are two sizes or more."""
    if boundary["n_latents"].nunique() < 2:
        return []
    facets = []
    shape = [name for name in WORLD if name != "n_latents"]
    for (delta, sign, noise, density), part in boundary.groupby([*shape, "density"], sort=True):  # pyright: ignore
        series = []
        for method, one in part.groupby("method", sort=True):
            one = one[one["samples50"].notna()].sort_values("n_latents")
            if one.empty:
                continue
            n = one["n_latents"].to_numpy()
            low, high = one["samples50_low"].to_numpy() / n, one["samples50_high"].to_numpy() / n
            tips = [
                f"{method}, N = {row['n_latents']}: half recover with {row['samples50']:.0f} samples "
                f"[{row['samples50_low']:.0f}, {row['samples50_high']:.0f}], {row['times_bound']:.1f} times the bound"
                for row in one.to_dict("records")
            ]
            series.append(Series(str(method), n, one["samples50"].to_numpy() / n, low, high, tips=tips))
        known = part.drop_duplicates("n_latents").sort_values("n_latents")
        sizes = known["n_latents"].to_numpy()
        curves = [
            Curve("counting bound", sizes, known["counting_bound"].to_numpy() / sizes),
            Curve("typical (N to infinity)", sizes, known["typical_samples"].to_numpy() / sizes),
        ]
        title = f"δ = {delta:g}, K/N = {density:g}, {sign}, noise {noise:g}"
        facets.append(SeriesFacet(title, series, curves))
    return [
        cut_plot(
            facets,
            name="sizes",
            title="Samples per latent at the 50% boundary, over N",
            caption="With 95% profile-likelihood intervals; level curves mean P proportional to N, as theory says. "
            "Learners whose boundary lies beyond the samples that were tried are left out.",
            alt="Samples per latent that half of the trials need against the number of latents, beside the counting "
            "bound.",
            x_label="latents N",
            y_label="P/N at the boundary",
            x_log=True,
            y_log=True,
        )
    ]
