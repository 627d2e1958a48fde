"""The point at which a falling success curve passes one half."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import expit, log_expit

from analysis.statistics.agreement import TheoryTest

BoundaryStatus = Literal["ok", "separated", "above_range", "below_range", "no_transition", "no_data"]

# The width w is sought between these multiples of the smallest spacing and of the range of x. Below the first the grid
# cannot tell a slope from a step; above the second success falls by less than a quarter over the whole grid.
_LEAST_WIDTH = 1 / 50
_GREATEST_WIDTH = 2
# x50 is sought within this many ranges around the grid; a bound that is not found there is infinite.
_REACH = 20
_ZOOMS = 6
_WIDTH_BISECTIONS = 30


@dataclass(frozen=True)
class Boundary:
    """The 50 % point x50 of a success curve with its interval [low, high], and the curve's width, in units of x.

    The status is one of

    - ok: estimated, inside the grid;
    - separated: all success up to one grid point and all failure from the next: x50 is their middle, and `width` only
      the smallest that is considered;
    - above_range, below_range: x50 lies beyond the grid; it is nan and the interval one-sided;
    - no_transition: success rises, or does not fall enough to place x50; it is nan and the interval infinite;
    - no_data: no point has any trials.
    """

    x50: float
    low: float
    high: float
    width: float
    status: BoundaryStatus

    @property
    def is_found(self) -> bool:
        """Whether x50 is a place inside the grid."""
        return self.status in ("ok", "separated")


def fit_boundary(x: ArrayLike, successes: ArrayLike, trials: ArrayLike, *, level: float = 0.95) -> Boundary:
    """Fit P(success) = 1 / (1 + exp((x - x50) / w)), w > 0, by maximum likelihood; x50 with its profile interval.

    `successes` of `trials` independent binary outcomes were seen at each x, in any order; repeated x are added up,
    points without trials ignored. The interval holds every x50 whose likelihood, maximised over w, is within
    chi^2_1(level) / 2 of the greatest; it stays honest where the curve is steeper than the grid is fine, as it then
    contains the whole gap between the last point of success and the first of failure. One-sided intervals use the same
    drop, and so miss half as often.

    Raises ValueError for arrays of unequal length, values that are not finite, counts that are negative or exceed their
    trials, or a level outside (0, 1).
    """
    x, s, n = tidy(x, successes, trials)
    if not 0 < level < 1:
        raise ValueError(f"level must be inside (0, 1), not {level}")
    if x.size == 0:
        return Boundary(np.nan, -np.inf, np.inf, np.nan, "no_data")
    if _rises(x, s, n, level) or (x.size == 1 and 0 < s[0] < n[0]):
        return Boundary(np.nan, -np.inf, np.inf, np.nan, "no_transition")
    curve = _Curve.over(x, s, n)
    top, best = curve.maximum()
    low, high = curve.level_set(best, top - float(stats.chi2.ppf(level, 1)) / 2)
    if np.all(s == n):
        return Boundary(np.nan, min(low, float(x[-1])), np.inf, np.nan, "above_range")
    if np.all(s == 0):
        return Boundary(np.nan, -np.inf, max(high, float(x[0])), np.nan, "below_range")
    step = _step(x, s, n)
    if step is not None:
        return Boundary(sum(step) / 2, min(low, step[0]), max(high, step[1]), curve.least_width, "separated")
    if best > x[-1]:
        return Boundary(np.nan, low, np.inf, np.nan, "above_range")
    if best < x[0]:
        return Boundary(np.nan, -np.inf, high, np.nan, "below_range")
    width = float(curve.best_width(np.array([best]))[0])
    if width > 0.99 * curve.greatest_width:
        return Boundary(np.nan, -np.inf, np.inf, np.nan, "no_transition")
    return Boundary(best, low, high, width, "ok")


def boundary_likelihood_ratio(x: ArrayLike, successes: ArrayLike, trials: ArrayLike, x50: float) -> TheoryTest:
    """Test "the 50 % point is x50" on the data of `fit_boundary`: twice the drop in profile log-likelihood.

    At x50 the statistic is chi^2 with one degree of freedom for many trials; `fit_boundary`'s interval at any level
    holds exactly the x50 with a p-value of at least 1 - level, but for the rounding outwards in separated data. nan
    where the fit is "no_data" or "no_transition", or x50 is not finite. Raises ValueError as `fit_boundary` does.
    """
    fit = fit_boundary(x, successes, trials)
    if fit.status in ("no_data", "no_transition") or not np.isfinite(x50):
        return TheoryTest(np.nan, np.nan, 1)
    curve = _Curve.over(*tidy(x, successes, trials))
    top, _ = curve.maximum()
    here = float(curve.log_likelihood(np.array([float(x50)]))[0])
    statistic = max(0.0, 2 * (top - here))
    return TheoryTest(statistic, float(stats.chi2.sf(statistic, 1)), 1)


def tidy(x: ArrayLike, successes: ArrayLike, trials: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check, drop points without trials, sort by x and add up repeats."""
    x, s, n = (np.asarray(a, dtype=np.float64) for a in (x, successes, trials))
    if not (x.ndim == 1 and x.shape == s.shape == n.shape):
        raise ValueError(f"x, successes and trials must be vectors of one length, not {x.shape}, {s.shape}, {n.shape}")
    if not all(np.all(np.isfinite(a)) for a in (x, s, n)):
        raise ValueError("x, successes and trials must be finite")
    if not np.all((s >= 0) & (s <= n)):
        raise ValueError("successes must be between 0 and trials")
    levels, place = np.unique(x[n > 0], return_inverse=True)
    return levels, np.bincount(place, s[n > 0], levels.size), np.bincount(place, n[n > 0], levels.size)


def _rises(x: np.ndarray, s: np.ndarray, n: np.ndarray, level: float) -> bool:
    """Whether success rises with x, significantly at `level`: the score test of no slope."""
    rate = s.sum() / n.sum()
    centred = x - (n @ x) / n.sum()
    deviation = np.sqrt(rate * (1 - rate) * (n @ centred**2))
    return bool(s @ centred > stats.norm.ppf(0.5 + level / 2) * deviation)


def _step(x: np.ndarray, s: np.ndarray, n: np.ndarray) -> tuple[float, float] | None:
    """The last point of success and the first of failure, if every trial below and above agrees with them."""
    n_full = int(np.argmin(s == n))  # the first point that is not all success
    if n_full > 0 and np.all(s[n_full:] == 0):
        return float(x[n_full - 1]), float(x[n_full])
    return None


@dataclass(frozen=True)
class _Curve:
    """The likelihood of x50, maximised over the width.

    For fixed x50 the log-likelihood is concave in 1/w, so that a bisection on its derivative maximises it; the set of
    x50 above any level is an interval, so that it is found by zooming in from both sides.
    """

    x: np.ndarray
    successes: np.ndarray
    trials: np.ndarray
    least_width: float
    greatest_width: float

    @classmethod
    def over(cls, x: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> "_Curve":
        # A single point has no spacing: its own size stands in.
        one = max(abs(float(x[0])), 1.0)
        spacing = float(np.diff(x).min()) if x.size > 1 else one
        extent = float(x[-1] - x[0]) if x.size > 1 else one
        return cls(x, successes, trials, _LEAST_WIDTH * spacing, _GREATEST_WIDTH * extent)

    def best_width(self, x50: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The most likely width at each x50."""
        distance = x50[:, None] - self.x
        low = np.full(x50.shape, np.log(self.least_width))
        high = np.full(x50.shape, np.log(self.greatest_width))
        for _ in range(_WIDTH_BISECTIONS):
            middle = 0.5 * (low + high)
            expected = self.trials * expit(distance * np.exp(-middle)[:, None])
            steeper = np.sum((self.successes - expected) * distance, axis=1) > 0
            low, high = np.where(steeper, low, middle), np.where(steeper, middle, high)
        return np.exp(0.5 * (low + high))

    def log_likelihood(self, x50: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Log-likelihood at each x50 and its most likely width, up to a constant."""
        logit = (x50[:, None] - self.x) / self.best_width(x50)[:, None]
        return log_expit(logit) @ self.successes + log_expit(-logit) @ (self.trials - self.successes)

    def search_grid(self) -> Float[np.ndarray, " n"]:
        """Points from far below to far above, dense on the grid."""
        extent = self.greatest_width / _GREATEST_WIDTH
        out = extent * np.geomspace(0.01, _REACH, 16)
        inside = np.union1d(np.linspace(self.x[0], self.x[-1], 33), self.x)
        return np.concatenate([self.x[0] - out[::-1], inside, self.x[-1] + out])

    def maximum(self) -> tuple[float, float]:
        """The greatest log-likelihood, and the x50 that has it."""
        grid = self.search_grid()
        for _ in range(_ZOOMS):
            values = self.log_likelihood(grid)
            i = int(np.argmax(values))
            grid = np.linspace(grid[max(i - 1, 0)], grid[min(i + 1, grid.size - 1)], 33)
        values = self.log_likelihood(grid)
        i = int(np.argmax(values))
        return float(values[i]), float(grid[i])

    def level_set(self, inside: float, threshold: float) -> tuple[float, float]:
        """The interval around `inside` on which the log-likelihood is at least `threshold`."""
        grid = np.union1d(self.search_grid(), inside)
        reaches = self.log_likelihood(grid) >= threshold
        reaches[grid == inside] = True
        first, last = int(np.argmax(reaches)), int(reaches.size - 1 - np.argmax(reaches[::-1]))
        low = self._crossing(grid[first - 1], grid[first], threshold) if first > 0 else -np.inf
        high = self._crossing(grid[last + 1], grid[last], threshold) if last < grid.size - 1 else np.inf
        return float(low), float(high)

    def _crossing(self, outside: float, inside: float, threshold: float) -> float:
        for _ in range(_ZOOMS):
            grid = np.linspace(outside, inside, 17)
            first = max(int(np.argmax(self.log_likelihood(grid) >= threshold)), 1)
            outside, inside = grid[first - 1], grid[first]
        return float(outside)
