"""Levels of a grid, and how values between them map to the coordinates of equal-sized cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from analysis.figures.marks import Curve


@dataclass(frozen=True, eq=False)
class Levels:
    """One axis of a map: its label and its level values, strictly increasing, at any spacing.

    Each level is one cell wide whatever its distance to the next. With `log`, values between two positive levels are
    placed by their logarithm, otherwise by their value. With `names`, one per level, the levels are kinds and not
    numbers: all names are shown.
    """

    label: str
    values: Float[np.ndarray, " n"]
    log: bool = False
    names: Sequence[str] = ()

    @classmethod
    def of_kinds(cls, label: str, names: Sequence[str]) -> Levels:
        """Levels that are kinds, in the order given."""
        return cls(label, np.arange(len(names), dtype=float), names=tuple(names))


def checked(levels: Levels) -> np.ndarray:
    """The level values; raises ValueError unless they are finite and strictly increasing."""
    values = np.asarray(levels.values, float)
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)) or np.any(np.diff(values) <= 0):
        raise ValueError(f"the levels of {levels.label!r} must be finite and strictly increasing")
    if levels.names and len(levels.names) != values.size:
        raise ValueError(f"the levels of {levels.label!r} have {values.size} values and {len(levels.names)} names")
    return values


def cell_coordinates(values: Float[np.ndarray, " n"], levels: Levels) -> Float[np.ndarray, " n"]:
    """Places of `values` in units of cells: level i is at i, its cell reaches from i - 1/2 to i + 1/2.

    Outside the levels the first or last interval is continued; an infinity, and anything further than one cell outside
    the map, comes to lie one cell outside it. NaN stays NaN.
    """
    grid, values = checked(levels), np.asarray(values, float)
    last = grid.size - 1
    if last == 0:
        return np.where(np.isnan(values), np.nan, np.where(values == grid[0], 0.0, np.sign(values - grid[0]) * 1.5))
    left = np.clip(np.searchsorted(grid, values, side="right") - 1, 0, last - 1)
    a, b = grid[left], grid[left + 1]
    with np.errstate(all="ignore"):
        linear = (values - a) / (b - a)
        logarithmic = np.log(np.maximum(values, 0.0) / a) / np.log(b / a)
    share = np.where(levels.log & (a > 0), logarithmic, linear)
    return np.clip(left + share, -1.5, last + 1.5)


def curve_in_cells(curve: Curve, x: Levels, y: Levels) -> tuple[np.ndarray, np.ndarray]:
    """The curve's points in cell coordinates, without those that lie beside the map; NaNs stay as gaps."""
    column, row = cell_coordinates(curve.x, x), cell_coordinates(curve.y, y)
    beside = (column <= -1.5) | (column >= checked(x).size + 0.5)
    return column[~beside], row[~beside]


def is_seen(column: np.ndarray, row: np.ndarray, shape: tuple[int, int]) -> bool:
    """Whether a curve, joined between its points, crosses a map of `shape` rows and columns."""
    share = np.linspace(0.0, 1.0, 65)[:, None]
    column, row = (np.concatenate([a, a[-1:]]) for a in (column, row))
    column, row = (a[:-1] + share * np.diff(a) for a in (column, row))
    with np.errstate(invalid="ignore"):
        inside = (row >= -0.5) & (row <= shape[0] - 0.5) & (column >= -0.5) & (column <= shape[1] - 0.5)
    return bool(np.any(inside))


def ticks_of(levels: Levels, most: int) -> np.ndarray:
    """Places of at most `most` tick labels, at a constant stride."""
    n = checked(levels).size
    return np.arange(0, n, -(-n // most))
