"""Grids of axes that share their scales, labels and legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Inches: a row's title and gap, the axis label and ticks below the grid, and a line of the legend.
_ROW_EXTRA = 0.28
_BELOW = 0.5
_LEGEND_LINE = 0.165


def facet_grid(
    n_rows: int, n_columns: int, *, width: float, facet_height: float, handles: Sequence[Artist] = ()
) -> tuple[Figure, np.ndarray]:
    """A figure of n_rows x n_columns axes on common scales, with one legend above them.

    It is `width` inches wide, and as high as axes of about `facet_height` inches, labels and legend need.
    """
    columns, lines = _legend_shape(handles, width)
    figure = Figure(figsize=(width, n_rows * (facet_height + _ROW_EXTRA) + _BELOW + lines * _LEGEND_LINE))
    figure.set_layout_engine("constrained", w_pad=0.05, h_pad=0.04, wspace=0.03, hspace=0.02)
    if handles:
        # Above, because a label shared by all axes and a legend below them would be drawn over each other.
        figure.legend(handles=list(handles), loc="outside upper center", ncols=columns)
    axes = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    return figure, axes


def _legend_shape(handles: Sequence[Artist], width: float) -> tuple[int, int]:
    """Columns and lines of the legend: a character is about 0.051 inch wide, handle and gap about 0.55 inch."""
    lengths = [0.051 * len(str(handle.get_label())) + 0.55 for handle in handles]
    for columns in range(len(lengths), 1, -1):
        parts = np.array_split(lengths, columns)
        if sum(part.max() for part in parts) < width:
            return columns, len(parts[0])
    return 1, len(lengths)


def wrapped_shape(n_facets: int, *, most_columns: int) -> tuple[int, int]:
    """Rows and columns of the squarest grid that holds the facets with at most `most_columns` columns."""
    n_columns = min(n_facets, most_columns)
    n_rows = -(-n_facets // n_columns)
    return n_rows, -(-n_facets // n_rows)


def hide_unused(axes: np.ndarray, n_used: int) -> None:
    """Takes away the axes after the first `n_used`, and gives tick labels to those above the gap."""
    flat: list[Axes] = list(axes.flat)
    for spare in flat[n_used:]:
        spare.remove()
    n_columns = axes.shape[1]
    for index in range(n_used):
        if index + n_columns >= n_used:
            flat[index].tick_params(labelbottom=True)


def label_grid(figure: Figure, x_label: str, y_label: str) -> None:
    """Labels the common axes once, centred on the grid, and fixes the layout.

    Solved anew at every drawing, the layout would differ in the last digits, and so would the files.
    """
    across, up = figure.supxlabel(x_label, fontsize=8), figure.supylabel(y_label, fontsize=8)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    boxes = [ax.get_position() for ax in figure.axes if ax.get_label() != "<colorbar>"]
    across.set_x((min(box.x0 for box in boxes) + max(box.x1 for box in boxes)) / 2)
    up.set_y((min(box.y0 for box in boxes) + max(box.y1 for box in boxes)) / 2)


def short_number(value: float, _position: int | None = None) -> str:
    """A number as a tick label: three significant digits, no padded exponent."""
    mantissa, letter, exponent = f"{value:.3g}".partition("e")
    return mantissa + (f"{letter}{int(exponent)}" if letter else "")
