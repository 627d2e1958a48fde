"""Statements about two conditions, or about experiment and theory."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.intervals import Interval, mean_interval

Verdict = Literal["agrees", "above", "below", "undetermined"]


def paired_difference(a: ArrayLike, b: ArrayLike, *, axis: int = -1, level: float = 0.95) -> Interval:
    """Mean of a - b over pairs along `axis`, with Student's t interval: does a differ from b where all else is equal?

    The pairs are trials that share their world (same seed, density, noise). Pairing removes what varies between worlds,
    so that the interval is narrower than one from two separate means. Bounds as in `mean_interval`. Raises ValueError
    where the shapes differ.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"pairs need equal shapes, not {a.shape} and {b.shape}")
    return mean_interval(a - b, axis=axis, level=level)


def compare_with_theory(low: ArrayLike, high: ArrayLike, theory: ArrayLike, *, margin: ArrayLike = 0.0) -> np.ndarray:
    """Where measured intervals [low, high] lie relative to theory: a `Verdict` for each.

    "above" or "below" where the whole interval is more than `margin` above or below theory, "agrees" where it is not,
    and "undetermined" where an entry is nan or the interval is the whole line. `margin` is what is not worth telling
    apart, such as a finite-size correction, in the units of the measurement. Arguments broadcast.
    """
    low, high, theory, margin = (np.asarray(v, dtype=np.float64) for v in (low, high, theory, margin))
    unknown = np.isnan(low) | np.isnan(high) | np.isnan(theory) | (np.isneginf(low) & np.isposinf(high))
    # Compared without subtracting: theory may be infinite.
    verdicts = np.where(low > theory + margin, "above", np.where(high < theory - margin, "below", "agrees"))
    return np.where(unknown, "undetermined", verdicts)
