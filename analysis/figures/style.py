"""The look of every figure, kept in one dictionary so that no global setting is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import matplotlib

# Okabe and Ito's colours, which readers with the common colour-vision deficiencies tell apart. The pale yellow is left
# out (it vanishes on white), and black is kept for theory.
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195")
THEORY_COLOUR = "#000000"
CHANCE_COLOUR = "#666666"
MISSING_COLOUR = "#dcdcdc"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")

# Widths in inches of one column and of the whole text in the usual two-column journal.
COLUMN_WIDTH = 3.5
PAGE_WIDTH = 7.2

STYLE: Mapping[str, Any] = MappingProxyType(
    {
        # Matplotlib ships this font, so text is measured alike on every machine.
        "font.family": ["DejaVu Sans"],
        "font.size": 7.5,
        "mathtext.fontset": "dejavusans",
        "axes.titlesize": 8,
        "axes.titleweight": "bold",
        "axes.titlepad": 4,
        "axes.labelsize": 8,
        "axes.linewidth": 0.6,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": "#e4e4e4",
        "grid.linewidth": 0.5,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "xtick.minor.size": 1.5,
        "ytick.minor.size": 1.5,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "legend.handlelength": 2.2,
        "legend.columnspacing": 1.4,
        "lines.linewidth": 1.3,
        "lines.markersize": 4,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        # Text stays text, and element names are the same at every drawing.
        "svg.fonttype": "none",
        "svg.hashsalt": "superposed",
        # Journals refuse Type 3 fonts.
        "pdf.fonttype": 42,
    }
)


@contextmanager
def figure_style(**overrides: Any) -> Iterator[None]:
    """Settings of `STYLE` with `overrides` (dots written as `__`), undone when the block is left."""
    settings: dict[Any, Any] = {**STYLE, **{key.replace("__", "."): value for key, value in overrides.items()}}
    with matplotlib.rc_context(settings):
        yield


def distinct(labels: Iterable[str]) -> list[str]:
    """The labels without repetition, in order of appearance."""
    return list(dict.fromkeys(labels))


def colours_of(labels: Iterable[str]) -> dict[str, str]:
    """A line colour for each distinct label, in order of appearance; the eighth label starts again."""
    return {label: OKABE_ITO[i % len(OKABE_ITO)] for i, label in enumerate(distinct(labels))}


def markers_of(labels: Iterable[str]) -> dict[str, str]:
    """A marker shape for each distinct label, so that colour is never the only difference."""
    return {label: MARKERS[i % len(MARKERS)] for i, label in enumerate(distinct(labels))}
