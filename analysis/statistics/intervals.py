"""Intervals for means and for proportions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds and the number of values behind it; arrays of one shape, nan where undefined."""

    estimate: Float[np.ndarray, "*s"]
    low: Float[np.ndarray, "*s"]
    high: Float[np.ndarray, "*s"]
    n: Int[np.ndarray, "*s"]


def mean_interval(values: ArrayLike, *, axis: int = -1, level: float = 0.95) -> Interval:
    """Mean along `axis` with Student's t interval at `level`, for independent values.

    The bounds are nan for one value, everything is nan for none; nan and infinite values give nan. Leave failures out,
    and count them, before. Raises ValueError where level is not inside (0, 1).
    """
    check_level(level)
    x = np.moveaxis(np.asarray(values, dtype=np.float64), axis, -1)
    x = np.where(np.isfinite(x), x, np.nan)
    n = x.shape[-1]
    mean = x.mean(axis=-1) if n else np.full(x.shape[:-1], np.nan)
    half = np.full(x.shape[:-1], np.nan)
    if n > 1:
        half = stats.t.ppf(0.5 + level / 2, n - 1) * x.std(axis=-1, ddof=1) / np.sqrt(n)
    return Interval(np.asarray(mean), np.asarray(mean - half), np.asarray(mean + half), np.full(x.shape[:-1], n))


def corrected_mean_interval(scores: ArrayLike, chances: ArrayLike, *, level: float = 0.95) -> Interval:
    """(s - c) / (1 - c), s the mean score and c the mean chance level or 0 where that is below, over paired trials.

    With Student's t interval from the linearised ratio, whose trials are (score - (1 - estimate) chance) / (1 - c): the
    pairing is kept, and few trials widen it as they should. Both must have 1 for best. The bounds are nan for one
    trial, everything for none, where c is 1 or a value is not finite. Raises ValueError where the lengths differ or
    level is not inside (0, 1).
    """
    check_level(level)
    s, c = np.asarray(scores, dtype=np.float64), np.asarray(chances, dtype=np.float64)
    if s.ndim != 1 or s.shape != c.shape:
        raise ValueError(f"scores and chances must be vectors of one length, not {s.shape} and {c.shape}")
    chance = max(float(c.mean()), 0.0) if c.size else np.nan
    if not chance < 1:
        nothing = np.asarray(np.nan)
        return Interval(nothing, nothing, nothing, np.asarray(s.size))
    estimate = (s.mean() - chance) / (1 - chance)
    # A chance level that was put to 0 is known.
    moving = c if chance > 0 else np.zeros_like(c)
    spread = mean_interval((s - (1 - estimate) * moving) / (1 - chance), level=level)
    half = spread.high - spread.estimate
    return Interval(np.asarray(estimate), estimate - half, estimate + half, np.asarray(s.size))


def wilson_interval(successes: ArrayLike, trials: ArrayLike, *, level: float = 0.95) -> Interval:
    """Proportion successes / trials with Wilson's score interval at `level` [Wilson1927].

    Without trials the estimate is nan and the bounds are 0 and 1. Raises ValueError where level is not inside (0, 1) or
    a count is negative or exceeds its trials.
    """
    check_level(level)
    s, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    if not np.all((s >= 0) & (s <= n)):
        raise ValueError("successes must be between 0 and trials")
    z = stats.norm.ppf(0.5 + level / 2)
    some = np.where(n > 0, n, 1.0)
    p = s / some
    centre = (p + z**2 / (2 * some)) / (1 + z**2 / some)
    half = z / (1 + z**2 / some) * np.sqrt(p * (1 - p) / some + z**2 / (4 * some**2))
    # At the ends the formula is exact on paper, and off by rounding here.
    low = np.where((n == 0) | (s == 0), 0.0, centre - half)
    high = np.where((n == 0) | (s == n), 1.0, centre + half)
    return Interval(np.where(n > 0, p, np.nan), low, high, n.astype(np.int64))


def check_level(level: float) -> None:
    """Raise ValueError where level is not inside (0, 1)."""
    if not 0 < level < 1:
        raise ValueError(f"level must be inside (0, 1), not {level}")
