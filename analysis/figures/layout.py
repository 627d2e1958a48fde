"""Grids of axes that share their scales and labels."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def facet_grid(n_rows: int, n_columns: int, *, width: float, facet_height: float) -> tuple[Figure, np.ndarray]:
    """A figure `width` inches wide with n_rows x n_columns axes, each about `facet_height` inches high."""
    figure = Figure(figsize=(width, n_rows * (facet_height + 0.3) + 0.75))
    axes = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    return figure, axes


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


def settle(figure: Figure) -> None:
    """Fixes the layout as it is now: solved anew at every drawing it would differ in the last digits."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def short_number(value: float) -> str:
    """A number as a tick label: three significant digits, no padded exponent."""
    mantissa, letter, exponent = f"{value:.3g}".partition("e")
    return mantissa + (f"{letter}{int(exponent)}" if letter else "")
