"""What a check says, and what comes with it."""

from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np
import pandas as pd

from analysis.figures import Panel

Outcome = Literal["pass", "fail", "not applicable"]


class Check(msgspec.Struct, frozen=True):
    """One statement about a method.

    `value` was measured and `bound` is what it was held against (None where the check is not about a number); `reason`
    is the sentence that says what was done and where the bound comes from.
    """

    name: str
    outcome: Outcome
    value: float | None
    bound: float | None
    reason: str


@dataclass(frozen=True, eq=False)
class Findings:
    """The checks of one family, with the tables and figures behind them."""

    checks: list[Check]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    panels: list[Panel] = field(default_factory=list)


def judge(name: str, passed: bool, value: float | None, bound: float | None, reason: str) -> Check:
    """A check with an outcome; numbers that are not finite are left out of the record, and the reason tells of them."""
    return Check(name, "pass" if passed else "fail", _finite(value), _finite(bound), reason)


def at_most(name: str, value: float, bound: float, reason: str) -> Check:
    """Passes where the value is a number not above the bound."""
    return judge(name, bool(value <= bound), value, bound, reason)


def failed(name: str, reason: str) -> Check:
    """A check that came to no number."""
    return Check(name, "fail", None, None, reason)


def skipped(name: str, reason: str) -> Check:
    """A check that says nothing about this method."""
    return Check(name, "not applicable", None, None, reason)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
