"""How a 50 % boundary and its width change with the number of latents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.statistics.intervals import Interval, check_level


@dataclass(frozen=True)
class Scaling:
    """Two coefficients with their intervals, and how well the law fits.

    `misfit` is chi^2 on `freedom` = n - 2 degrees of freedom, `p_value` the probability of a larger one where the law
    and the standard errors hold (nan for two points). `correlation` is that of the two estimates.
    """

    constant: Interval
    slope: Interval
    correlation: float
    misfit: float
    freedom: int
    p_value: float


def fit_boundary_scaling(
    n_latents: ArrayLike,
    boundary: ArrayLike,
    standard_error: ArrayLike,
    *,
    exponent: float = 2 / 3,
    level: float = 0.95,
) -> Scaling:
    """Fit rho50(N) = rho_inf + a N^(-exponent) by weighted least squares: `constant` is rho_inf, `slope` is a.

    The boundary's distance from its limit shrinks with N by a power that depends on the ensemble; 2/3 and 1/2 are
    usual. It is given, not fitted: a few sizes cannot tell it from a, but `p_value` may reject it. Intervals are normal
    ones, for standard errors that are known.

    Raises ValueError unless there are two sizes, all standard errors and the exponent are positive and all is finite.
    """
    size, value, se = _checked(n_latents, boundary, standard_error)
    if not exponent > 0:
        raise ValueError(f"exponent must be positive, not {exponent}")
    return _fit(size**-exponent, value, se, level)


def fit_width_scaling(
    n_latents: ArrayLike, width: ArrayLike, standard_error: ArrayLike, *, level: float = 0.95
) -> Scaling:
    """Fit log w(N) = constant + slope log N by weighted least squares: a transition that sharpens has slope -1/2.

    Standard errors are those of the widths; their logarithms' are taken as se / w. Raises ValueError as
    `fit_boundary_scaling` does, and where a width is not positive.
    """
    size, value, se = _checked(n_latents, width, standard_error)
    if np.any(value <= 0):
        raise ValueError("widths must be positive")
    return _fit(np.log(size), np.log(value), se / value, level)


def _checked(n_latents: ArrayLike, value: ArrayLike, standard_error: ArrayLike) -> tuple[np.ndarray, ...]:
    arrays = tuple(np.asarray(a, dtype=np.float64) for a in (n_latents, value, standard_error))
    if len({a.shape for a in arrays}) != 1 or arrays[0].ndim != 1:
        raise ValueError(
            f"sizes, values and standard errors must be vectors of one length, not {[*map(np.shape, arrays)]}"
        )
    if not all(np.all(np.isfinite(a)) for a in arrays) or np.any(arrays[0] <= 0) or np.any(arrays[2] <= 0):
        raise ValueError("sizes and standard errors must be positive, and all finite")
    if np.unique(arrays[0]).size < 2:
        raise ValueError("needs two different sizes")
    return arrays


def _fit(x: np.ndarray, y: np.ndarray, se: np.ndarray, level: float) -> Scaling:
    check_level(level)
    design = np.stack([np.ones_like(x), x], axis=1) / se[:, None]
    covariance = np.linalg.inv(design.T @ design)
    estimate = covariance @ design.T @ (y / se)
    half = stats.norm.ppf(0.5 + level / 2) * np.sqrt(np.diag(covariance))
    misfit = float(np.sum((y / se - design @ estimate) ** 2))
    freedom = x.size - 2
    constant, slope = (
        Interval(np.asarray(e), np.asarray(e - h), np.asarray(e + h), np.asarray(x.size))
        for e, h in zip(estimate, half, strict=True)
    )
    correlation = float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
    p_value = float(stats.chi2.sf(misfit, freedom)) if freedom else np.nan
    return Scaling(constant, slope, correlation, misfit, freedom, p_value)
