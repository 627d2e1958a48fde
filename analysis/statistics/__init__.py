"""Intervals, and the 50 % boundary of a success curve, in float64 with NumPy and SciPy."""

from analysis.statistics.boundary import Boundary, BoundaryStatus, fit_boundary
from analysis.statistics.intervals import Interval, mean_interval, wilson_interval

__all__ = ["Boundary", "BoundaryStatus", "Interval", "fit_boundary", "mean_interval", "wilson_interval"]
