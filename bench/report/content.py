"""What a study's summary hands to the report."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from analysis.figures.panel import Panel


@dataclass(frozen=True)
class Attachment:
    """A further file of a report: its path in the folder, its bytes, and the words of the link to it.

    Without words it is written and not linked.
    """

    path: str
    data: bytes
    words: str = ""


@dataclass(frozen=True, eq=False)
class ReportContent:
    """The words, figures and tables of one report, in the order in which they are shown.

    `question` is what the study asks, `sentences` answer it from the numbers. `tables` maps a file stem to its table,
    `notes` say how the numbers were made (thresholds, intervals), and `failures` name what did not converge, a line
    each. `failures_title` and `no_failures` are the heading of these and what stands there without any.
    """

    title: str
    question: str
    sentences: list[str]
    panels: list[Panel] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    failures_title: str = "What did not converge"
    no_failures: str = "Nothing: no failure of a solver was recorded."
    attachments: list[Attachment] = field(default_factory=list)
