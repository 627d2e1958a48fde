"""Axis limits from what is drawn: all of the data, and theory as far as it stays near the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from analysis.figures.marks import SeriesFacet

_MARGIN = 0.05
_NEAR = 0.25


def x_limits_of(facets: Sequence[SeriesFacet], *, log: bool) -> tuple[float, float]:
    """Limits that hold every point of every series."""
    return _padded(*_span((one.x for facet in facets for one in facet.series), log), log)


def y_limits_of(facets: Sequence[SeriesFacet], *, log: bool) -> tuple[float, float]:
    """Limits that hold every point, its interval and the chance levels.

    Theory may lie far off, or diverge: it widens the limits by at most `_NEAR` of the span of the data on each side.
    """
    data = [array for facet in facets for one in facet.series for array in (one.y, one.low, one.high)]
    data += [one.y for facet in facets for one in facet.curves if one.kind == "chance"]
    low, high = _span((array for array in data if array is not None), log)
    theory = [one.y for facet in facets for one in facet.curves if one.kind != "chance"]
    theory_low, theory_high = _span([*theory, _back(np.array([low, high]), log)], log)
    reach = _NEAR * (high - low)
    return _padded(max(low - reach, min(low, theory_low)), min(high + reach, max(high, theory_high)), log)


def _span(arrays: Iterable[np.ndarray], log: bool) -> tuple[float, float]:
    """Smallest and largest finite value, as logarithms where the axis is logarithmic; (0, 1) where there is none."""
    parts = [np.ravel(np.asarray(array, float)) for array in arrays]
    values = np.concatenate([np.empty(0), *parts])
    values = values[np.isfinite(values) & ((values > 0) | (not log))]
    if values.size == 0:
        return 0.0, 1.0
    values = np.log10(values) if log else values
    return float(values.min()), float(values.max())


def _back(values: np.ndarray, log: bool) -> np.ndarray:
    return 10.0**values if log else values


def _padded(low: float, high: float, log: bool) -> tuple[float, float]:
    span = high - low
    margin = _MARGIN * span if span > 0 else 0.5 * (abs(low) if low != 0 and not log else 1.0)
    ends = _back(np.array([low - margin, high + margin]), log)
    return float(ends[0]), float(ends[1])
