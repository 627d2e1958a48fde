"""Maps of a quantity over two axes, with theory laid over them; one map or a grid of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter

from analysis.figures.cells import Levels, cell_coordinates, checked, curve_in_cells, is_seen, ticks_of
from analysis.figures.data import Columns, columns_of, curve_records
from analysis.figures.layout import facet_grid, label_grid, short_number
from analysis.figures.marks import Curve, cased, curve_styles, draw_band
from analysis.figures.panel import Panel
from analysis.figures.style import COLUMN_WIDTH, MISSING_COLOUR, PAGE_WIDTH, figure_style

# Inches: what labels and colour bar take beside the maps, the height of a page's text, of the bar, and of a row that
# has a name.
_BESIDE = 1.3
_PAGE_HEIGHT = 7.6
_BAR_WIDTH = 0.13
_NAME_HEIGHT = 0.155
# White edged with black: no colour of the map is taken for it, and theory is drawn the other way round.
_OUTLINE: dict[str, Any] = {"linewidth": 1.3, "path_effects": cased(1.3, "black")}
# Beyond this many cells along an axis, white gaps between cells would take more room than they help.
_MOST_GAPPED = 16


@dataclass(frozen=True, eq=False)
class MapFacet:
    """One map: `values` with a row per level of y and a column per level of x, and what is marked on it.

    NaN means not applicable and is drawn grey. `hatched` marks cells in which a solver did not converge, `outlined`
    those that count as recovered. `tips` holds one text per cell, in the shape of `values`; without it the tip gives
    the levels and the value.
    """

    title: str
    values: Float[np.ndarray, "ny nx"]
    curves: Sequence[Curve] = ()
    hatched: Bool[np.ndarray, "ny nx"] | None = None
    outlined: Bool[np.ndarray, "ny nx"] | None = None
    tips: Sequence[Sequence[str]] | None = None


def heat_map(
    facets: Sequence[Sequence[MapFacet | None]],
    *,
    x: Levels,
    y: Levels,
    value_label: str,
    name: str,
    title: str,
    caption: str,
    alt: str,
    limits: tuple[float, float] | None = None,
    log_colour: bool = False,
    colour_map: str = "viridis",
    row_titles: Sequence[str] = (),
    column_titles: Sequence[str] = (),
    hatched_label: str = "a solver did not converge",
    outlined_label: str = "recovered",
) -> Panel:
    """Maps in rows and columns that share their axes, colour scale and legend; `None` leaves a place empty.

    Cells are equally large whatever the spacing of the levels. Values outside `limits` (default: the smallest and
    largest finite value) take the colour of the nearer end, and the colour bar shows an arrow there. Curves are placed
    between the levels as `Levels` says, with the bands they have, and the legend says so of a curve that lies on none
    of the maps; sample them densely. Raises ValueError when shapes and levels do not fit, or there is no map.
    """
    placed = [(i, j, facet) for i, row in enumerate(facets) for j, facet in enumerate(row) if facet is not None]
    if not placed:
        raise ValueError("a heat map needs at least one map")
    for _, _, facet in placed:
        _check(facet, x, y)
    maps = [facet for _, _, facet in placed]
    n_rows, n_columns = len(facets), max(len(row) for row in facets)
    norm, extend = _colour_scale(maps, limits, log_colour)
    with figure_style():
        colours = colormaps[colour_map].resampled(64)
        handles = _handles(maps, x, y, hatched_label, outlined_label)
        width, height = _size(n_rows, n_columns, maps[0].values.shape)
        if y.names:
            height = max(height, _NAME_HEIGHT * len(y.names))
        figure, axes = facet_grid(n_rows, n_columns, width=width, facet_height=height, handles=handles)
        tips: dict[str, str] = {}
        for i, j, facet in placed:
            tips |= _draw_map(axes[i, j], facet, x, y, norm, colours, gid=f"c{i}-{j}")
        _draw_curves(placed, axes, x, y)
        _title(placed, axes, row_titles, column_titles)
        _set_ticks(axes, x, y, map_width=(width - _BESIDE) / n_columns, map_height=height)
        shape: dict[str, Any] = {"pad": 0.02, "extendfrac": 0.03, "aspect": n_rows * height / _BAR_WIDTH}
        bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, label=value_label, extend=extend, **shape)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(short_number))
        label_grid(figure, x.label, y.label)
    data = _columns(placed, x, y, value_label, row_titles, column_titles)
    return Panel(name=name, title=title, caption=caption, alt=alt, figure=figure, tips=tips, data=data)


def _columns(
    placed: Sequence[tuple[int, int, MapFacet]],
    x: Levels,
    y: Levels,
    value_label: str,
    row_titles: Sequence[str],
    column_titles: Sequence[str],
) -> Columns:
    """A row per cell of every map, and one per point of every curve on it."""
    records: list[dict[str, Any]] = []
    for i, j, facet in placed:
        titles = (row_titles[i] if i < len(row_titles) else "", column_titles[j] if j < len(column_titles) else "")
        title = ", ".join(text for text in (*titles, facet.title) if text)
        marks = {"hatched": facet.hatched, "outlined": facet.outlined}
        for (row, column), value in np.ndenumerate(np.asarray(facet.values, float)):
            place = {"facet": title, "kind": "cell", "label": ""}
            levels = {x.label: _level(x, column), y.label: _level(y, row), value_label: value}
            given = {word: bool(mask[row, column]) for word, mask in marks.items() if mask is not None}
            records.append({**place, **levels, **given})
        for curve in facet.curves:
            records += curve_records(curve, title, x.label, y.label)
    return columns_of(records)


def _level(levels: Levels, index: int) -> Any:
    return levels.names[index] if levels.names else float(levels.values[index])


def _check(facet: MapFacet, x: Levels, y: Levels) -> None:
    shape = (checked(y).size, checked(x).size)
    for word, array in (("values", facet.values), ("hatched", facet.hatched), ("outlined", facet.outlined)):
        if array is not None and np.shape(array) != shape:
            raise ValueError(f"map {facet.title!r}: {word} has shape {np.shape(array)}, the levels give {shape}")
    if facet.tips is not None and (len(facet.tips) != shape[0] or any(len(row) != shape[1] for row in facet.tips)):
        raise ValueError(f"map {facet.title!r}: tips need the shape {shape}")


def _size(n_rows: int, n_columns: int, shape: tuple[int, ...]) -> tuple[float, float]:
    """Width of the figure and height of one map, in inches; the whole stays within a page where it can."""
    width = COLUMN_WIDTH + _BESIDE if n_columns == 1 else PAGE_WIDTH
    share = float(np.clip(1.15 * shape[0] / shape[1], 0.72, 1.0))
    height = min((width - _BESIDE) / n_columns * share, _PAGE_HEIGHT / n_rows)
    return width, max(0.9, height)


def _colour_scale(
    maps: Sequence[MapFacet], limits: tuple[float, float] | None, log_colour: bool
) -> tuple[Normalize, str]:
    """The norm, and the ends at which values lie outside of it (as the colour bar's `extend`)."""
    values = np.concatenate([np.ravel(np.asarray(one.values, float)) for one in maps])
    usable = values[np.isfinite(values) & ((values > 0) | (not log_colour))]
    if limits is not None:
        low, high = limits
    elif usable.size:
        low, high = float(usable.min()), float(usable.max())
    else:
        low, high = (0.1, 1.0) if log_colour else (0.0, 1.0)
    if high <= low:
        high = low * 1.01 if log_colour else low + max(1e-3, 1e-3 * abs(low))
    below, above = bool(np.any(values < low)), bool(np.any(values > high))
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    norm = LogNorm(low, high) if log_colour else Normalize(low, high)
    return norm, extend[below, above]


def _draw_map(
    ax: Axes, facet: MapFacet, x: Levels, y: Levels, norm: Normalize, colours: Colormap, *, gid: str
) -> dict[str, str]:
    values = np.asarray(facet.values, float)
    n_rows, n_columns = values.shape
    low, high = norm.vmin or 0.0, norm.vmax or 1.0
    fills = colours(norm(np.clip(np.where(np.isnan(values), low, values), low, high)))
    gap = 0.5 if max(n_rows, n_columns) <= _MOST_GAPPED else 0.0
    tips = {}
    for row, column in np.ndindex(n_rows, n_columns):
        missing = np.isnan(values[row, column])
        fill = MISSING_COLOUR if missing else fills[row, column]
        here = f"{gid}-{row}-{column}"
        corner = (column - 0.5, row - 0.5)
        edge = "white" if gap else "none"
        ax.add_patch(Rectangle(corner, 1, 1, facecolor=fill, edgecolor=edge, linewidth=gap, gid=here, zorder=1))
        tips[here] = _default_tip(x, y, row, column, values) if facet.tips is None else facet.tips[row][column]
    ax.set(xlim=(-0.5, n_columns - 0.5), ylim=(-0.5, n_rows - 0.5))
    if facet.hatched is not None and np.any(facet.hatched):
        _hatch(ax, np.asarray(facet.hatched, bool))
    if facet.outlined is not None and np.any(facet.outlined):
        outline = _outline(np.asarray(facet.outlined, bool))
        edge = {"facecolor": "none", "edgecolor": "white", "capstyle": "projecting", "clip_on": False}
        ax.add_patch(PathPatch(outline, **edge, **_OUTLINE, zorder=3))
    return tips


def _default_tip(x: Levels, y: Levels, row: int, column: int, values: np.ndarray) -> str:
    value = values[row, column]
    text = "not applicable" if np.isnan(value) else f"{value:.4g}"
    return f"{x.label} {_level_name(x, column)}, {y.label} {_level_name(y, row)}: {text}"


def _level_name(levels: Levels, index: int) -> str:
    return levels.names[index] if levels.names else short_number(levels.values[index])


def _hatch(ax: Axes, mask: np.ndarray) -> None:
    """Hatches the masked cells in black on white lines, which show on any colour."""
    rows, columns = np.nonzero(mask)
    unit = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
    squares = np.stack([columns, rows], axis=-1)[:, None, :] + unit
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    path = Path(squares.reshape(-1, 2), np.tile(codes, len(rows)))
    for width, colour in ((1.7, "white"), (0.7, "black")):
        with figure_style(hatch__linewidth=width):
            ax.add_patch(PathPatch(path, facecolor="none", edgecolor=colour, linewidth=0, hatch="/////", zorder=2))


def _outline(mask: np.ndarray) -> Path:
    """The edges between masked cells and all others, in cell coordinates."""
    padded = np.pad(mask, 1).astype(int)
    rows, columns = np.nonzero(np.diff(padded, axis=0)[:, 1:-1])
    flat = np.stack([np.stack([columns - 0.5, rows - 0.5], -1), np.stack([columns + 0.5, rows - 0.5], -1)], 1)
    rows, columns = np.nonzero(np.diff(padded, axis=1)[1:-1])
    steep = np.stack([np.stack([columns - 0.5, rows - 0.5], -1), np.stack([columns - 0.5, rows + 0.5], -1)], 1)
    edges = np.concatenate([flat, steep])
    return Path(edges.reshape(-1, 2), np.tile([Path.MOVETO, Path.LINETO], len(edges)))


def _draw_curves(placed: Sequence[tuple[int, int, MapFacet]], axes: np.ndarray, x: Levels, y: Levels) -> None:
    styles = curve_styles([curve for _, _, facet in placed for curve in facet.curves], taken=1)
    for i, j, facet in placed:
        for curve in facet.curves:
            column, row = curve_in_cells(curve, x, y)
            style = styles[curve.label]
            if curve.low is not None and curve.high is not None:
                place = cell_coordinates(curve.x, x)
                low, high = cell_coordinates(curve.low, y), cell_coordinates(curve.high, y)
                seen = np.isfinite(np.asarray(curve.y, float))
                draw_band(axes[i, j], place, low, high, seen=seen, colour=style["color"])
            axes[i, j].plot(column, row, **style, path_effects=cased(style["linewidth"]), zorder=4)


def _title(
    placed: Sequence[tuple[int, int, MapFacet]],
    axes: np.ndarray,
    row_titles: Sequence[str],
    column_titles: Sequence[str],
) -> None:
    used = {(i, j) for i, j, _ in placed}
    for place, ax in zip(np.ndindex(*axes.shape), axes.flat, strict=True):
        ax.set_visible(place in used)
    for i, j, facet in placed:
        above = column_titles[j] if i == 0 and column_titles else ""
        axes[i, j].set_title("\n".join(text for text in (above, facet.title) if text))
    for ax, text in zip(axes[:, 0], row_titles, strict=False):
        ax.set_ylabel(text, fontweight="bold")


def _set_ticks(axes: np.ndarray, x: Levels, y: Levels, *, map_width: float, map_height: float) -> None:
    """Labels as many levels as there is room for, at most eight; all names of kinds. All maps share the labels."""
    x_ticks = _ticks(x, int(np.clip(map_width / 0.36, 2, 8)))
    y_ticks = _ticks(y, int(np.clip(map_height / 0.16, 2, 8)))
    axes[0, 0].set_xticks(x_ticks, [_level_name(x, i) for i in x_ticks])
    axes[0, 0].set_yticks(y_ticks, [_level_name(y, i) for i in y_ticks])
    if x.names:
        for label in (label for ax in axes[-1] for label in ax.get_xticklabels()):
            label.set(rotation=40, ha="right", rotation_mode="anchor")


def _ticks(levels: Levels, most: int) -> list[int]:
    """Indices of the levels that are labelled."""
    return list(range(checked(levels).size)) if levels.names else list(ticks_of(levels, most))


def _handles(maps: Sequence[MapFacet], x: Levels, y: Levels, hatched_label: str, outlined_label: str) -> list[Artist]:
    """Legend entries of what occurs in any of the maps."""
    curves = [curve for facet in maps for curve in facet.curves]
    shape = maps[0].values.shape
    seen = {curve.label for curve in curves if is_seen(*curve_in_cells(curve, x, y), shape)}
    banded = {curve.label for curve in curves if curve.low is not None}
    handles: list[Artist] = []
    for label, style in curve_styles(curves, taken=1).items():
        handles.append(Line2D([], [], label=label if label in seen else f"{label} (outside this map)", **style))
        if label in banded:
            handles.append(Patch(facecolor=style["color"], alpha=0.4, linewidth=0, label=f"interval, {label}"))
    if any(one.outlined is not None and np.any(one.outlined) for one in maps):
        handles.append(Line2D([], [], label=outlined_label, color="white", **_OUTLINE))
    if any(one.hatched is not None and np.any(one.hatched) for one in maps):
        with figure_style(hatch__linewidth=0.7):
            handles.append(
                Patch(facecolor="white", edgecolor="black", hatch="/////", linewidth=0.4, label=hatched_label)
            )
    if any(np.any(np.isnan(one.values)) for one in maps):
        handles.append(Patch(facecolor=MISSING_COLOUR, linewidth=0, label="not applicable"))
    return handles
