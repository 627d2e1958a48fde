"""What the boundary plot and the cut plot have in common: facets of series and curves under one legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from analysis.figures.layout import facet_grid, hide_unused, settle, wrapped_shape
from analysis.figures.limits import x_limits_of, y_limits_of
from analysis.figures.marks import SeriesFacet, curve_styles, draw_curve, draw_legend, draw_series, series_handles
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
    width = COLUMN_WIDTH + 1.2 if n_columns == 1 else PAGE_WIDTH
    figure, axes = facet_grid(n_rows, n_columns, width=width, facet_height=2.6 if n_columns < 3 else 2.1)
    first = axes.flat[0]
    first.set(xscale="log" if x_log else "linear", yscale="log" if y_log else "linear")
    first.set(xlim=x_limits or x_limits_of(facets, log=x_log), ylim=y_limits or y_limits_of(facets, log=y_log))
    tips = _draw_contents(facets, axes, joined=joined)
    hide_unused(axes, len(facets))
    figure.supxlabel(x_label, fontsize=8)
    figure.supylabel(y_label, fontsize=8)
    draw_legend(figure, series_handles(facets, joined=joined), width=width)
    settle(figure)
    return figure, tips


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
