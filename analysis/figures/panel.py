"""One figure with everything a report needs to show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Panel:
    """A drawn figure, its words, and the text shown when the reader points at a mark.

    `name` is the file stem (lower-case letters, digits, `-` and `_`), `title` a heading, `caption` says what is drawn
    and how, and `alt` says in words what is seen, for readers who cannot see it. `tips` maps the gid of an artist of
    `figure` to its text. `data` holds the numbers that are drawn, column by column, all of the same length.
    """

    name: str
    title: str
    caption: str
    alt: str
    figure: Figure
    tips: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Sequence[Any]] = field(default_factory=dict)
