"""What a figure shows, as columns of a table: the numbers under the marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.figures.marks import Curve, SeriesFacet

Columns = dict[str, list[Any]]


def columns_of(records: Sequence[Mapping[str, Any]]) -> Columns:
    """Records as columns, in the order in which their names first occur; None where a record lacks a name."""
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def series_columns(facets: Sequence[SeriesFacet], *, x_label: str, y_label: str) -> Columns:
    """Every point of every series with its interval, then every point of every curve, facet by facet."""
    records = []
    for facet in facets:
        for one in facet.series:
            ends = {"low": one.low, "high": one.high, "flagged": one.flagged}
            given = {name: np.asarray(values).tolist() for name, values in ends.items() if values is not None}
            for i, (x, y) in enumerate(zip(np.asarray(one.x, float), np.asarray(one.y, float), strict=True)):
                point = {"facet": facet.title, "kind": "measured", "label": one.label, x_label: x, y_label: y}
                records.append({**point, **{name: values[i] for name, values in given.items()}})
        for curve in facet.curves:
            records += curve_records(curve, facet.title, x_label, y_label)
    return columns_of(records)


def curve_records(curve: Curve, facet: str, x_label: str, y_label: str) -> list[dict[str, Any]]:
    """A record per point of a curve that is laid over data, with the ends of its band where it has one."""
    place = {"facet": facet, "kind": curve.kind, "label": curve.label}
    values = {x_label: curve.x, y_label: curve.y, "low": curve.low, "high": curve.high}
    given = {name: np.asarray(value, float) for name, value in values.items() if value is not None}
    return [{**place, **dict(zip(given, point, strict=True))} for point in zip(*given.values(), strict=True)]
