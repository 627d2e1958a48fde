"""Intervals, boundaries of success curves, finite sizes and tests of theory, in float64 with NumPy and SciPy."""

from analysis.statistics.adaptive import is_located, next_levels
from analysis.statistics.agreement import TheoryTest, holm_adjusted, theory_test
from analysis.statistics.bootstrap import bootstrap_interval, corrected_score_interval
from analysis.statistics.boundary import Boundary, BoundaryStatus, boundary_likelihood_ratio, fit_boundary
from analysis.statistics.finite_size import Scaling, fit_boundary_scaling, fit_width_scaling
from analysis.statistics.intervals import Interval, corrected_mean_interval, mean_interval, wilson_interval
from analysis.statistics.isotonic import isotonic_boundary, isotonic_rates

__all__ = [
    "Boundary",
    "BoundaryStatus",
    "Interval",
    "Scaling",
    "TheoryTest",
    "bootstrap_interval",
    "boundary_likelihood_ratio",
    "corrected_mean_interval",
    "corrected_score_interval",
    "fit_boundary",
    "fit_boundary_scaling",
    "fit_width_scaling",
    "holm_adjusted",
    "is_located",
    "isotonic_boundary",
    "isotonic_rates",
    "mean_interval",
    "next_levels",
    "theory_test",
    "wilson_interval",
]
