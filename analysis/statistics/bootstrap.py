"""Bootstrap intervals."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.intervals import Interval, check_level


def bootstrap_interval(
    statistic: Callable[..., float], *samples: ArrayLike, n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Percentile interval of statistic(*samples), the first axis of all samples resampled together.

    Rows must be independent and alike: the matched pairs of latents, say, or the samples. Do not resample samples under
    a matching that is done anew each time: repeated samples make chance correlations larger, so that the interval lies
    too high. Resamples whose statistic is nan are left out. The same arguments give the same interval.

    Raises ValueError where the samples differ in length or have no rows, level is outside (0, 1) or n_resamples < 2.
    """
    check_level(level)
    arrays = [np.asarray(sample) for sample in samples]
    sizes = {array.shape[0] for array in arrays}
    if len(sizes) != 1 or 0 in sizes or n_resamples < 2:
        raise ValueError(f"needs rows, as many in each sample, and 2 resamples, not {sorted(sizes)} and {n_resamples}")
    (size,) = sizes
    rng = np.random.default_rng(seed)
    chosen = rng.integers(size, size=(n_resamples, size))
    values = np.array([statistic(*(array[rows] for array in arrays)) for rows in chosen], dtype=np.float64)
    return _percentiles(float(statistic(*arrays)), values, level, size)


def corrected_score_interval(
    matched: ArrayLike, chance: ArrayLike, *, n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """(mean matched - mean chance) / (1 - mean chance) with a percentile interval: an MCC corrected for chance.

    `matched` are the similarities of the matched pairs that count (dead ones as 0), `chance` the scores of permuted
    samples (`analysis.metrics.permuted_mean_correlation`). Pairs and permutations are resampled apart from each other:
    the interval says what other latents of the same kind would score under this matching, and how well chance is known.
    Everything is nan for no pairs or no permutations.
    """
    check_level(level)
    pairs, draws = (np.asarray(a, dtype=np.float64).ravel() for a in (matched, chance))
    if pairs.size == 0 or draws.size == 0:
        nothing = np.asarray(np.nan)
        return Interval(nothing, nothing, nothing, np.asarray(pairs.size))
    rng = np.random.default_rng(seed)
    score = pairs[rng.integers(pairs.size, size=(n_resamples, pairs.size))].mean(axis=1)
    level_of_chance = draws[rng.integers(draws.size, size=(n_resamples, draws.size))].mean(axis=1)
    estimate = _corrected(pairs.mean(), draws.mean())
    return _percentiles(float(estimate), _corrected(score, level_of_chance), level, pairs.size)


def _corrected(score: ArrayLike, chance: ArrayLike) -> np.ndarray:
    room = 1 - np.asarray(chance)
    return np.where(room > 0, (np.asarray(score) - chance) / np.where(room > 0, room, 1.0), np.nan)


def _percentiles(estimate: float, values: np.ndarray, level: float, size: int) -> Interval:
    kept = values[~np.isnan(values)]
    tail = (1 - level) / 2
    low, high = np.quantile(kept, [tail, 1 - tail]) if kept.size else (np.nan, np.nan)
    return Interval(np.asarray(estimate), np.asarray(low), np.asarray(high), np.asarray(size))
