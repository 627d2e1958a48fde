"""What the boundary plot and the cut plot have in common: facets of series and curves under one legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analysis.figures.layout import facet_grid, hide_unused, label_grid, short_number, wrapped_shape
from analysis.figures.limits import x_limits_of, y_limits_of
from analysis.figures.marks import SeriesFacet, curve_styles, draw_curve, draw_series, series_handles
from analysis.figures.style import COLUMN_WIDTH, PAGE_WIDTH, colours_of, markers_of


def draw_facets(
    facets: Sequence[SeriesFacet],
    *,
    x_label: str,
    y_label: str,
    x_log: bool,
    y_log: bool,
    x_limits: tuple[float, float] | None,
    y_limits: tuple[float, float] | None,
    joined: bool,
) -> tuple[Figure, dict[str, str]]:
    """Draws the facets on shared scales; call it inside `figure_style`. Returns the figure and the tips by gid."""
    if not facets:
        raise ValueError("a plot needs at least one facet")
    n_rows, n_columns = wrapped_shape(len(facets), most_columns=3)
    figure, axes = facet_grid(
        n_rows,
        n_columns,
        width=COLUMN_WIDTH + 1.2 if n_columns == 1 else PAGE_WIDTH,
        facet_height=2.6 if n_columns < 3 else 2.0,
        handles=series_handles(facets, joined=joined),
    )
    _set_scales(axes.flat[0], facets, x_log, y_log, x_limits, y_limits)
    tips = _draw_contents(facets, axes, joined=joined)
    hide_unused(axes, len(facets))
    label_grid(figure, x_label, y_label)
    return figure, tips


def _set_scales(
    ax: Axes,
    facets: Sequence[SeriesFacet],
    x_log: bool,
    y_log: bool,
    x_limits: tuple[float, float] | None,
    y_limits: tuple[float, float] | None,
) -> None:
    """Scales and limits of the first axes, which all others share."""
    ax.set(xscale="log" if x_log else "linear", yscale="log" if y_log else "linear")
    x_limits, y_limits = x_limits or x_limits_of(facets, log=x_log), y_limits or y_limits_of(facets, log=y_log)
    ax.set(xlim=x_limits, ylim=y_limits)
    for axis, log, (low, high) in ((ax.xaxis, x_log, x_limits), (ax.yaxis, y_log, y_limits)):
        if log:
            few_decades = np.log10(high / low) < 2.5
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few_decades else (1.0,)))
            axis.set_major_formatter(FuncFormatter(short_number))
            axis.set_minor_formatter(NullFormatter())


def _draw_contents(facets: Sequence[SeriesFacet], axes: np.ndarray, *, joined: bool) -> dict[str, str]:
    labels = [one.label for facet in facets for one in facet.series]
    colours, markers = colours_of(labels), markers_of(labels)
    styles = curve_styles([one for facet in facets for one in facet.curves], taken=len(colours))
    tips: dict[str, str] = {}
    for place, (facet, ax) in enumerate(zip(facets, axes.flat, strict=False)):
        ax.autoscale(enable=False)
        ax.set_title(facet.title)
        ax.grid(visible=True)
        for curve in facet.curves:
            draw_curve(ax, curve, styles[curve.label])
        for index, one in enumerate(facet.series):
            colour, marker = colours[one.label], markers[one.label]
            tips |= draw_series(ax, one, colour=colour, marker=marker, joined=joined, gid=f"p{place}-{index}")
    return tips
