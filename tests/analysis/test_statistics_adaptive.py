"""Trials that go where the boundary is: levels by hand, and what is located by simulation."""

import numpy as np
import pytest
from scipy.special import expit

from analysis.statistics import fit_boundary, is_located, next_levels

CANDIDATES = np.arange(1, 201) / 200
START = np.linspace(0.05, 0.95, 10)


def search(rng: np.random.Generator, x50: float, width: float, half_width: float, n_trials: int = 10):
    """Rounds until the boundary is located: the fit, and the trials it took."""
    levels, x, s, n = START, np.empty(0), np.empty(0), np.empty(0)
    for number in range(100):
        each = n_trials if number >= 3 else n_trials // 5
        x = np.concatenate([x, levels])
        s = np.concatenate([s, rng.binomial(each, expit((x50 - np.asarray(levels)) / width))])
        n = np.concatenate([n, np.full(len(levels), each)])
        fit = fit_boundary(x, s, n)
        if is_located(fit, half_width, CANDIDATES):
            break
        levels = next_levels(x, s, n, CANDIDATES)
    return fit, int(n.sum())


def test_levels_surround_the_boundary_and_are_as_many_as_asked():
    x, s, n = [0.2, 0.4, 0.6, 0.8], [100, 90, 10, 0], [100] * 4
    fit = fit_boundary(x, s, n)
    found = next_levels(x, s, n, CANDIDATES)
    assert len(found) == 5
    assert found[2] == pytest.approx(0.5, abs=0.005)
    # A width to both sides; the interval is narrower.
    assert found[0] == pytest.approx(0.5 - fit.width, abs=0.006)
    assert found[4] == pytest.approx(0.5 + fit.width, abs=0.006)
    assert next_levels(x, s, n, [0.5, np.nan, 0.5], n_levels=3) == (0.5,)
    # A step: all that lies between its ends.
    assert next_levels([0.2, 0.6], [9, 0], [9, 9], CANDIDATES)[0] <= 0.2
    # Success everywhere: on from the highest level that is surely below.
    assert min(next_levels([0.2, 0.6], [9, 9], [9, 9], CANDIDATES)) >= 0.5
    # Few candidates: neighbours, each once.
    assert next_levels(x, s, n, [0.49, 0.5, 0.51, 0.9], n_levels=3) == (0.49, 0.5, 0.51)
    for bad in ([], [np.nan]):
        with pytest.raises(ValueError, match="finite candidate"):
            next_levels(x, s, n, bad)


def test_located_where_the_interval_is_short_or_nothing_is_left_to_try():
    fit = fit_boundary([0.2, 0.4, 0.6, 0.8], [100, 90, 10, 0], [100] * 4)
    half = (fit.high - fit.low) / 2
    assert is_located(fit, half * 1.01, CANDIDATES)
    assert not is_located(fit, half * 0.99, CANDIDATES)
    step = fit_boundary([0.50, 0.505], [500, 0], [500, 500])
    assert step.status == "separated"
    assert is_located(step, 1e-4, [0.5, 0.505])
    assert not is_located(step, 1e-4, [0.5, 0.502, 0.505])
    assert not is_located(fit_boundary([0.2], [9], [9]), 0.9, CANDIDATES)


def test_search_is_honest_unbiased_and_cheap():
    """Boundaries anywhere, to .01, at a width that is usual at N = 400. Coverage within three standard errors (.031) of
    .95, the bias within three of the mean's; of 300 boundaries each at widths .008, .02 and .06 the intervals held 92,
    94 and 92 %: who stops when an interval is short stops early rather than late. The grid is that of a map, every .025
    from 0 to 1, with as many trials as give the same interval, whose length goes as 1 / sqrt(trials): 12, 8 and 4 times
    as many at those widths."""
    width = 0.02
    rng = np.random.default_rng(0)
    truths = rng.uniform(0.3, 0.7, 50)
    found = [search(rng, x50, width, 0.01) for x50 in truths]
    half = np.array([(fit.high - fit.low) / 2 for fit, _ in found])
    assert np.all(half <= 0.01)
    covered = np.mean([fit.low <= x50 <= fit.high for (fit, _), x50 in zip(found, truths, strict=True)])
    assert covered >= 0.95 - 3 * 0.031
    error = np.array([fit.x50 for fit, _ in found]) - truths
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(len(error))

    grid, n_each = np.arange(1, 41) / 40, 40
    fits = [
        fit_boundary(grid, rng.binomial(n_each, expit((x - grid) / width)), np.full(40, n_each)) for x in truths[:20]
    ]
    length = np.mean([(fit.high - fit.low) / 2 for fit in fits])
    needed = 40 * n_each * (length / half.mean()) ** 2
    assert needed > 5 * np.mean([n for _, n in found])
