"""The 50 % point of a falling success curve of any shape."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize

from analysis.statistics.boundary import Boundary, tidy
from analysis.statistics.intervals import check_level


def isotonic_rates(successes: ArrayLike, trials: ArrayLike) -> Float[np.ndarray, " n"]:
    """Most likely success rates that never rise along the points, by pooling adjacent violators [Ayer1955].

    Every point needs trials. Raises ValueError where one has none.
    """
    s, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if np.any(n <= 0):
        raise ValueError("every point needs trials")
    return optimize.isotonic_regression(s / n, weights=n, increasing=False).x


def isotonic_boundary(
    x: ArrayLike,
    successes: ArrayLike,
    trials: ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Boundary:
    """x at which the falling fit passes 1/2, linear between points; an alternative to `fit_boundary` without a shape.

    The interval holds the middle `level` of the x50 of curves whose rates are drawn, point by point, from the posterior
    Beta(s + 1/2, n - s + 1/2) and then made falling: a bootstrap that does not collapse where all trials agree. It is
    never narrower than the gap in data that are all success up to one point and all failure from the next. Statuses
    are those of `Boundary` ("no_transition" for a fit that is one half everywhere); `width` is that of the linear piece
    through one half, from rate 1 to 0, divided by 4 to be comparable with the logistic's.

    Raises ValueError as `fit_boundary` does.
    """
    check_level(level)
    levels, s, n = tidy(x, successes, trials)
    if levels.size == 0:
        return Boundary(np.nan, -np.inf, np.inf, np.nan, "no_data")
    rates = isotonic_rates(s, n)
    rng = np.random.default_rng(seed)
    drawn = rng.beta(s + 0.5, n - s + 0.5, size=(n_resamples, s.size))
    places = np.array([_crossing(levels, isotonic_rates(one * n, n))[0] for one in drawn])
    # Infinite places sort to the ends; "nearest" does not interpolate with them.
    tail = (1 - level) / 2
    low, high = np.quantile(places, [tail, 1 - tail], method="nearest")
    place, width = _crossing(levels, rates)
    if np.all(rates == 0.5):
        return Boundary(np.nan, -np.inf, np.inf, np.nan, "no_transition")
    if not np.isfinite(place):
        if place > 0:
            return Boundary(np.nan, float(min(low, levels[-1])), np.inf, np.nan, "above_range")
        return Boundary(np.nan, -np.inf, float(max(high, levels[0])), np.nan, "below_range")
    n_full = int(np.count_nonzero(rates == 1))
    if n_full > 0 and np.all(rates[n_full:] == 0):
        low, high = min(low, levels[n_full - 1]), max(high, levels[n_full])
        return Boundary(place, float(low), float(high), width, "separated")
    return Boundary(place, float(low), float(high), width, "ok")


def _crossing(x: np.ndarray, rates: np.ndarray) -> tuple[float, float]:
    """Where a falling curve passes 1/2 (the middle of a level stretch), and the width there; infinite off the grid."""
    above, below = np.flatnonzero(rates > 0.5), np.flatnonzero(rates < 0.5)
    level = np.flatnonzero(rates == 0.5)
    if level.size:
        return float((x[level[0]] + x[level[-1]]) / 2), np.nan
    if above.size == 0 or below.size == 0:
        return (np.inf if below.size == 0 else -np.inf), np.nan
    i, j = int(above[-1]), int(below[0])
    drop, gap = rates[i] - rates[j], x[j] - x[i]
    return float(x[i] + gap * (rates[i] - 0.5) / drop), float(gap / drop / 4)
