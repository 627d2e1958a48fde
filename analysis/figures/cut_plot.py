"""One-dimensional cuts through a map: a metric against one axis with the others fixed."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.figures.data import series_columns
from analysis.figures.marks import SeriesFacet
from analysis.figures.panel import Panel
from analysis.figures.series_plot import draw_facets
from analysis.figures.style import figure_style


def cut_plot(
    facets: Sequence[SeriesFacet],
    *,
    name: str,
    title: str,
    caption: str,
    alt: str,
    x_label: str,
    y_label: str,
    x_log: bool = False,
    y_log: bool = False,
    x_limits: tuple[float, float] | None = None,
    y_limits: tuple[float, float] | None = None,
) -> Panel:
    """Joined points with interval bands, one pair of axes per facet, all on the same scales.

    Theory goes in as curves of kind `theory` (black), chance levels as curves of kind `chance` (dotted grey). Limits
    left out hold all data and chance levels, and theory as far as it stays near them; values that a logarithmic axis
    cannot show are left out. Raises ValueError when there is no facet or a series has the wrong number of tips.
    """
    with figure_style():
        figure, tips = draw_facets(
            facets,
            x_label=x_label,
            y_label=y_label,
            x_log=x_log,
            y_log=y_log,
            x_limits=x_limits,
            y_limits=y_limits,
            joined=True,
        )
    data = series_columns(facets, x_label=x_label, y_label=y_label)
    return Panel(name=name, title=title, caption=caption, alt=alt, figure=figure, tips=tips, data=data)
