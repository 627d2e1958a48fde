"""Measured phase-transition boundaries against theory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.figures.data import series_columns
from analysis.figures.marks import SeriesFacet
from analysis.figures.panel import Panel
from analysis.figures.series_plot import draw_facets
from analysis.figures.style import figure_style


def boundary_plot(
    facets: Sequence[SeriesFacet],
    *,
    name: str,
    title: str,
    caption: str,
    alt: str,
    x_label: str = "undersampling δ = M/N",
    y_label: str = "sparsity per measurement ρ = K/M",
    x_limits: tuple[float, float] | None = (0.0, 1.0),
    y_limits: tuple[float, float] | None = (0.0, 1.0),
) -> Panel:
    """Points with interval bars over theory curves, one pair of axes per facet (for example per `code_sign`).

    Each series is one method: `x` the undersampling, `y` the sparsity ratio at which half of the trials succeed, `low`
    and `high` its interval. Methods measured at the same undersampling are drawn side by side, 0.012 apart, to tell
    their bars from each other; let the tips give the true value. Both axes go from 0 to 1 unless other limits are given
    (`None` fits them to the data). Raises ValueError when there is no facet or a series has the wrong number of tips.
    """
    with figure_style():
        figure, tips = draw_facets(
            [_set_apart(facet) for facet in facets],
            x_label=x_label,
            y_label=y_label,
            x_log=False,
            y_log=False,
            x_limits=x_limits,
            y_limits=y_limits,
            joined=False,
        )
    data = series_columns(facets, x_label=x_label, y_label=y_label)
    return Panel(name=name, title=title, caption=caption, alt=alt, figure=figure, tips=tips, data=data)


def _set_apart(facet: SeriesFacet) -> SeriesFacet:
    middle = (len(facet.series) - 1) / 2
    moved = [replace(one, x=np.asarray(one.x, float) + 0.012 * (i - middle)) for i, one in enumerate(facet.series)]
    return replace(facet, series=moved)
