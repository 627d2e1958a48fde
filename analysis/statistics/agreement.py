"""Tests of "measured = theory"."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class TheoryTest:
    """A statistic, the probability of one at least as large if theory holds, and its degrees of freedom.

    A small p-value says that they differ, not by how much; a large one does not say that they agree, but that these
    data cannot tell. Read it beside an interval for the difference (`analysis.comparison`).
    """

    statistic: float
    p_value: float
    freedom: int


def theory_test(measured: ArrayLike, standard_error: ArrayLike, theory: ArrayLike) -> TheoryTest:
    """sum ((measured - theory) / standard error)^2 over independent measurements: chi^2 if theory holds everywhere.

    For one measurement this is the two-sided z test. Standard errors must be known or from many trials. Measurements
    that are nan (in any argument) are left out; without any left the statistic and the p-value are nan. Raises
    ValueError where a standard error is not positive.
    """
    arrays = (np.asarray(a, dtype=np.float64) for a in (measured, standard_error, theory))
    value, se, expected = np.broadcast_arrays(*arrays)
    if np.any(se <= 0):
        raise ValueError("standard errors must be positive")
    z = (value - expected) / se
    z = z[~np.isnan(z)]
    if z.size == 0:
        return TheoryTest(np.nan, np.nan, 0)
    statistic = float(np.sum(z**2))
    return TheoryTest(statistic, float(stats.chi2.sf(statistic, z.size)), int(z.size))


def holm_adjusted(p_values: ArrayLike) -> np.ndarray:
    """p-values adjusted for their number [Holm1979]: those at most alpha are rejected with all errors below alpha.

    That is, the probability of one or more false rejections among all tests is at most alpha, however they depend on
    each other. nan stays nan and does not count as a test.
    """
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full(p.shape, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(order.size, 0, -1)), 1.0)
    return adjusted
