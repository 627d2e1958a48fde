"""What the plots are made of: measured series, curves laid over them, and how both are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from analysis.figures.style import CHANCE_COLOUR, OKABE_ITO, THEORY_COLOUR, colours_of, distinct, markers_of

CurveKind = Literal["theory", "chance", "measured"]

_LINE_STYLES = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))


@dataclass(frozen=True, eq=False)
class Curve:
    """A line laid over data, y against x in data units; a NaN in `y` breaks it, an infinity leaves the axes.

    `kind` sets how it is drawn: `theory` in black (dash patterns tell several apart), `chance` as dotted grey,
    `measured` (a boundary found in the data) in a colour. Curves of the same label are drawn alike in every facet.
    `low` and `high`, given together, are the ends of an interval at each point: a band where `y` is a number, whose
    infinite ends run to the edge of the axes. Raises ValueError where one is missing or the lengths differ.
    """

    label: str
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]
    kind: CurveKind = "theory"
    low: Float[np.ndarray, " n"] | None = None
    high: Float[np.ndarray, " n"] | None = None

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if len(ends) == 1 or any(np.shape(end) != np.shape(self.y) for end in ends):
            raise ValueError(f"curve {self.label!r} needs low and high together, one of each per point")


@dataclass(frozen=True, eq=False)
class Series:
    """Points measured by one method: `y` against `x`, with an interval from `low` to `high` where given.

    Points whose `y` is NaN are not drawn; an infinite end of an interval runs to the edge of the axes. `flagged` marks
    points in which some solver did not converge: they are drawn hollow and named in the legend. `tips` holds one text
    per point, shown when the reader points at it.
    """

    label: str
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]
    low: Float[np.ndarray, " n"] | None = None
    high: Float[np.ndarray, " n"] | None = None
    flagged: Bool[np.ndarray, " n"] | None = None
    tips: Sequence[str] | None = None


@dataclass(frozen=True, eq=False)
class SeriesFacet:
    """One pair of axes: a title, the measured series and the curves laid over them."""

    title: str
    series: Sequence[Series]
    curves: Sequence[Curve] = ()


def curve_styles(curves: Sequence[Curve], taken: int = 0) -> dict[str, dict[str, Any]]:
    """Line properties for each distinct label; the first `taken` colours are in use for something else."""
    kinds = {curve.label: curve.kind for curve in curves}
    theory = [label for label, kind in kinds.items() if kind == "theory"]
    measured = [label for label, kind in kinds.items() if kind == "measured"]
    styles = {}
    for label, kind in kinds.items():
        if kind == "theory":
            pattern = _LINE_STYLES[theory.index(label) % len(_LINE_STYLES)]
            styles[label] = {"color": THEORY_COLOUR, "linestyle": pattern, "linewidth": 1.3}
        elif kind == "chance":
            styles[label] = {"color": CHANCE_COLOUR, "linestyle": ":", "linewidth": 1.2}
        else:
            colour = OKABE_ITO[(taken + measured.index(label)) % len(OKABE_ITO)]
            styles[label] = {"color": colour, "linestyle": "-", "linewidth": 1.5}
    return styles


def cased(width: float, colour: str = "white") -> list[patheffects.AbstractPathEffect]:
    """An edge around a line of `width` points, so that it is seen on any colour."""
    return [patheffects.withStroke(linewidth=width + 1.6, foreground=colour)]


def draw_series(axes: Axes, series: Series, *, colour: str, marker: str, joined: bool, gid: str) -> dict[str, str]:
    """Draws one series and returns the tips of its points, keyed by the gid of the invisible disc over each.

    With `joined` the points are joined and the interval is a band; otherwise each point has an error bar.
    """
    x, y = np.asarray(series.x, float), np.asarray(series.y, float)
    flagged = np.zeros(y.shape, bool) if series.flagged is None else np.asarray(series.flagged, bool)
    seen = np.isfinite(x) & np.isfinite(y)
    _draw_interval(axes, series, seen, colour, joined)
    if joined:
        axes.plot(x[seen], y[seen], "-", color=colour, zorder=3)
    plain, hollow = seen & ~flagged, seen & flagged
    look = {"linestyle": "none", "marker": marker, "color": colour, "zorder": 4}
    axes.plot(x[plain], y[plain], **look, markeredgecolor="white", markeredgewidth=0.5)
    axes.plot(x[hollow], y[hollow], **look, markerfacecolor="white", markeredgewidth=1.1)
    if series.tips is None:
        return {}
    if len(series.tips) != y.size:
        raise ValueError(f"series {series.label!r} has {y.size} points and {len(series.tips)} tips")
    tips = {f"{gid}-{i}": tip for i, tip in enumerate(series.tips) if seen[i]}
    for i in np.flatnonzero(seen):
        # An invisible disc wider than the marker is easy to point at or to tap.
        axes.plot([x[i]], [y[i]], "o", color="#888888", alpha=0, markersize=13, mew=0, zorder=6, gid=f"{gid}-{i}")
    return tips


def draw_band(axes: Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray, *, seen: np.ndarray, colour: str) -> None:
    """Shades from `low` to `high` between neighbouring points that are `seen`; one alone gets a bar."""
    keep = seen & ~np.isnan(low) & ~np.isnan(high)
    beside = np.pad(keep, 1)
    alone = keep & ~beside[:-2] & ~beside[2:]
    axes.fill_between(x, low, high, where=keep & ~alone, facecolor=colour, alpha=0.4, linewidth=0, zorder=2.1)
    axes.vlines(x[alone], low[alone], high[alone], color=colour, linewidth=1.5, alpha=0.8, zorder=2.1)


def _draw_interval(axes: Axes, series: Series, seen: np.ndarray, colour: str, joined: bool) -> None:
    if series.low is None or series.high is None:
        return
    # An unbounded end is drawn far outside the axes rather than not at all.
    x, y = np.asarray(series.x, float), np.asarray(series.y, float)
    far = 1e6 * max(1.0, np.max(np.abs(y[seen]), initial=0.0))
    low = np.clip(np.asarray(series.low, float), -far, far)
    high = np.clip(np.asarray(series.high, float), -far, far)
    keep = seen & ~np.isnan(low) & ~np.isnan(high)
    if joined:
        axes.fill_between(x, low, high, where=keep, color=colour, alpha=0.18, linewidth=0, zorder=2)
    else:
        axes.vlines(x[keep], low[keep], high[keep], color=colour, linewidth=1.0, zorder=3)


def draw_curve(axes: Axes, curve: Curve, style: Mapping) -> None:
    """Draws a curve and its band in data units; their infinities become values far outside the axes."""
    x, y = np.asarray(curve.x, float), _bounded(curve.y)
    if curve.low is not None and curve.high is not None:
        seen = np.isfinite(np.asarray(curve.y, float))
        draw_band(axes, x, _bounded(curve.low), _bounded(curve.high), seen=seen, colour=style["color"])
    axes.plot(x, y, **style, zorder=2.5 if curve.kind == "theory" else 2.2)


def _bounded(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(np.asarray(values, float), nan=np.nan, posinf=1e12, neginf=-1e12)


def series_handles(facets: Sequence[SeriesFacet], *, joined: bool) -> list[Line2D]:
    """Legend entries of all series, curves and flags that occur in the facets, each once."""
    series = [one for facet in facets for one in facet.series]
    curves = [one for facet in facets for one in facet.curves]
    labels = distinct(one.label for one in series)
    colours, markers = colours_of(labels), markers_of(labels)
    handles = [
        Line2D(
            [],
            [],
            label=label,
            color=colours[label],
            marker=markers[label],
            linestyle="-" if joined else "none",
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
        for label in labels
    ]
    for label, style in curve_styles(curves, taken=len(labels)).items():
        handles.append(Line2D([], [], label=label, **style))
    if any(one.flagged is not None and np.any(one.flagged) for one in series):
        label = "hollow: some solves did not converge"
        handles.append(Line2D([], [], label=label, linestyle="none", marker="o", color="#444444", mfc="white"))
    return handles
