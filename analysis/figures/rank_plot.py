"""Many methods on one scale: a point with its interval per method, best at the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.data import Columns, columns_of
from analysis.figures.marks import Curve, curve_styles
from analysis.figures.panel import Panel
from analysis.figures.style import PAGE_WIDTH, colours_of, distinct, figure_style, markers_of

# Inches per method, and what titles, labels and legend take.
_LINE = 0.165
_ROOM = 1.25


@dataclass(frozen=True, eq=False)
class RankFacet:
    """One ranking, in the order in which it is drawn from the top.

    `groups` colours the points. `flagged` points had failures and are drawn hollow. `references` are vertical lines,
    theory's or chance's values on the same scale.
    """

    title: str
    labels: Sequence[str]
    values: Float[np.ndarray, " n"]
    low: Float[np.ndarray, " n"]
    high: Float[np.ndarray, " n"]
    groups: Sequence[str]
    flagged: Bool[np.ndarray, " n"] | None = None
    tips: Sequence[str] | None = None
    theory: Mapping[str, float] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)


def rank_plot(facets: Sequence[RankFacet], *, name: str, title: str, caption: str, alt: str, x_label: str) -> Panel:
    """Rankings side by side, each with its own list of methods. Raises ValueError when there is no facet."""
    if not facets:
        raise ValueError("a plot needs at least one facet")
    groups = distinct(group for facet in facets for group in facet.groups)
    lines = [
        Curve(label, np.zeros(0), np.zeros(0), kind=kind)
        for kind in ("theory", "chance")
        for label in distinct(label for facet in facets for label in getattr(facet, kind))
    ]
    styles = curve_styles(lines)
    tips: dict[str, str] = {}
    with figure_style():
        height = _ROOM + _LINE * max(len(facet.labels) for facet in facets)
        figure = Figure(figsize=(PAGE_WIDTH, height))
        figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.04)
        figure.legend(handles=_handles(groups, facets, styles), loc="outside upper center", ncols=4)
        axes = figure.subplots(1, len(facets), squeeze=False).flat
        for place, (facet, ax) in enumerate(zip(facets, axes, strict=True)):
            tips |= _draw(ax, facet, groups, styles, f"p{place}")
            ax.set_xlabel(x_label)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    data = _columns(facets, x_label)
    return Panel(name=name, title=title, caption=caption, alt=alt, figure=figure, tips=tips, data=data)


def _columns(facets: Sequence[RankFacet], x_label: str) -> Columns:
    """A row per point, best first, and one per reference line."""
    records: list[dict[str, Any]] = []
    for facet in facets:
        flagged = np.zeros(len(facet.labels), bool) if facet.flagged is None else np.asarray(facet.flagged, bool)
        points = zip(facet.labels, facet.groups, facet.values, facet.low, facet.high, flagged, strict=True)
        for label, group, value, low, high, mark in points:
            place = {"facet": facet.title, "kind": "measured", "label": label, "group": group}
            records.append({**place, x_label: float(value), "low": low, "high": high, "flagged": bool(mark)})
        for kind in ("theory", "chance"):
            lines = getattr(facet, kind).items()
            records += [{"facet": facet.title, "kind": kind, "label": label, x_label: value} for label, value in lines]
    return columns_of(records)


def _draw(ax: Axes, facet: RankFacet, groups: Sequence[str], styles: Mapping, gid: str) -> dict[str, str]:
    colours, markers = colours_of(groups), markers_of(groups)
    values = np.asarray(facet.values, float)
    place = np.arange(values.size)
    flagged = np.zeros(values.size, bool) if facet.flagged is None else np.asarray(facet.flagged, bool)
    for i in map(int, np.flatnonzero(np.isfinite(values))):
        colour, marker = colours[facet.groups[i]], markers[facet.groups[i]]
        if np.isfinite(facet.low[i]) and np.isfinite(facet.high[i]):
            ax.hlines(place[i], facet.low[i], facet.high[i], color=colour, linewidth=1.0, zorder=3)
        edge: dict[str, Any] = {"markeredgecolor": "white"}
        hollow: dict[str, Any] = {"markerfacecolor": "white", "markeredgewidth": 1.1}
        ax.plot([values[i]], [place[i]], marker, color=colour, zorder=4, **(hollow if flagged[i] else edge))
        # An invisible disc wider than the marker is easy to point at or to tap.
        hidden: dict[str, Any] = {"alpha": 0, "markersize": 13, "markeredgewidth": 0, "zorder": 6}
        ax.plot([values[i]], [place[i]], "o", color="#888888", gid=f"{gid}-{i}", **hidden)
    for label, value in {**facet.theory, **facet.chance}.items():
        if np.isfinite(value):
            ax.axvline(value, **styles[label], zorder=2)
    ax.set(yticks=place, ylim=(values.size - 0.4, -0.6), title=facet.title)
    ax.set_yticklabels(list(facet.labels))
    ax.grid(visible=True)
    if facet.tips is None:
        return {}
    if len(facet.tips) != values.size:
        raise ValueError(f"{values.size} points and {len(facet.tips)} tips")
    return {f"{gid}-{i}": tip for i, tip in enumerate(facet.tips) if np.isfinite(values[i])}


def _handles(groups: Sequence[str], facets: Sequence[RankFacet], styles: Mapping) -> list[Line2D]:
    colours, markers = colours_of(groups), markers_of(groups)
    handles = [
        Line2D([], [], label=g, color=colours[g], marker=markers[g], linestyle="none", markeredgecolor="white")
        for g in groups
    ]
    handles += [Line2D([], [], label=label, **style) for label, style in styles.items()]
    if any(facet.flagged is not None and np.any(facet.flagged) for facet in facets):
        label = "hollow: with failures"
        handles.append(Line2D([], [], label=label, linestyle="none", marker="o", color="#444444", mfc="white"))
    return handles
