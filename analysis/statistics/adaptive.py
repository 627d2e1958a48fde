"""Where to try next when it is only the 50 % point of a falling success curve that is sought."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.boundary import Boundary, fit_boundary

_WIDTHS = 1.0
"""Trials reach this many widths of the curve to both sides, where success is 73 % and 27 %. A trial at x50 tells most
about x50; these tell 80 % of that, and the width as well."""


def next_levels(
    x: ArrayLike, successes: ArrayLike, trials: ArrayLike, candidates: ArrayLike, *, n_levels: int = 5
) -> tuple[float, ...]:
    """The levels at which the next trials tell most about x50: `n_levels` of the `candidates`, or all, ascending.

    They are spread evenly around the x50 of `fit_boundary`, as far as one width of the fitted curve or to the ends of
    its interval, whichever is further: while little is known this is a search by intersection, later a design for a
    logistic curve in stages (Abdelbasit & Plackett 1983), of which the median is sought. Where the curve does not cross
    one half among the levels that were tried they cover what its interval leaves open.

    Raises ValueError as `fit_boundary` does, where no candidate is finite, or for `n_levels` below 1.
    """
    open_ = np.unique(np.asarray(candidates, float))
    open_ = open_[np.isfinite(open_)]
    if open_.size == 0 or n_levels < 1:
        raise ValueError("at least one finite candidate and one level are needed")
    fit = fit_boundary(x, successes, trials)
    low, high = reach(fit, (float(open_[0]), float(open_[-1])))
    chosen: list[int] = []
    for wanted in np.linspace(low, high, min(n_levels, open_.size)):
        # Where candidates are few, the nearest that is left.
        distance = np.abs(open_ - wanted)
        distance[chosen] = np.inf
        chosen.append(int(np.argmin(distance)))
    return tuple(float(one) for one in open_[sorted(chosen)])


def reach(fit: Boundary, ends: tuple[float, float]) -> tuple[float, float]:
    """From where to where it is worth trying, within the least and the greatest candidate."""
    low, high = max(fit.low, ends[0]), min(fit.high, ends[1])
    if fit.is_found:
        side = _WIDTHS * fit.width
        low, high = min(low, fit.x50 - side), max(high, fit.x50 + side)
    low, high = max(low, ends[0]), min(high, ends[1])
    # An interval that lies beside the candidates leaves nothing but the nearer end.
    return min(low, high), max(low, high)


def is_located(fit: Boundary, half_width: float, candidates: Sequence[float]) -> bool:
    """Whether x50's interval is at most twice `half_width` long, or no candidate is left inside it to try."""
    if not fit.is_found:
        return False
    inside = [one for one in candidates if fit.low < one < fit.high]
    return fit.high - fit.low <= 2 * half_width or (fit.status == "separated" and not inside)
