"""Where Bayes-optimal recovery is possible but hard: thresholds in undersampling, and the Bayes ceiling.

Bernoulli-Gaussian codes of density eps, Gaussian dictionary, noise sigma^2, many latents [Krzakala2012]. With effective
noise v = sigma^2 + E / delta the fixed points of state evolution are the v at which

    delta(v) = mmse(v) / (v - sigma^2)

equals delta = M/N. Where delta(v) falls all the way there is one; where it turns, there are several between its local
minimum and maximum. Message passing stops at the largest v. What is optimal is where the potential is least; two fixed
points v_1 < v_2 are equal in it where the integral of (delta (v - sigma^2) - mmse(v)) / v^2 over [v_1, v_2] is 0.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import integrate, optimize

from analysis.theory.bayes_bernoulli_gaussian import scalar_mmse, state_evolution_mse

Phase = Literal["easy", "hard", "impossible"]

# v - sigma^2 is sought from far below the smaller of noise and prior to far above the prior.
_GRID_POINTS = 600
_AGREE = 1e-6


@dataclass(frozen=True)
class HardPhase:
    """Undersamplings delta at one density and noise; all nan where state evolution has one fixed point everywhere.

    - possible_from: from here on a second, better fixed point exists (lower spinodal);
    - optimal_from: from here on it is the Bayes-optimal one (information-theoretic threshold);
    - easy_from: from here on message passing gets there (upper spinodal).
    Between the last two recovery is hard: possible, but no fast algorithm is known.
    """

    possible_from: float
    optimal_from: float
    easy_from: float


def hard_phase(density: float, noise_variance: float) -> HardPhase:
    """The thresholds at density eps and noise variance sigma^2 > 0, to about 1e-8.

    Without noise the first two tend to eps itself, slowly, as 1 / log(1/sigma^2). The widest hard phase is kept should
    there be several. Raises ValueError unless 0 < density < 1 and the noise variance is positive.
    """
    if not (0 < density < 1 and noise_variance > 0):
        raise ValueError(f"needs 0 < density < 1 and noise_variance > 0, not {density} and {noise_variance}")
    log_excess = np.linspace(np.log(1e-6 * min(noise_variance, 1.0)), np.log(1e3), _GRID_POINTS)
    values = _log_undersampling(log_excess, density, noise_variance)
    rising = np.diff(values) > 0
    if not np.any(rising):
        return HardPhase(np.nan, np.nan, np.nan)
    starts = np.flatnonzero(rising & ~np.concatenate([[False], rising[:-1]]))
    ends = np.flatnonzero(rising & ~np.concatenate([rising[1:], [False]])) + 1
    widest = int(np.argmax(values[ends] - values[starts]))
    low_at = _extremum(log_excess, starts[widest], density, noise_variance, sign=1)
    high_at = _extremum(log_excess, ends[widest], density, noise_variance, sign=-1)
    low, high = (float(_log_undersampling(np.array([at]), density, noise_variance)[0]) for at in (low_at, high_at))

    def gain(log_delta: float) -> float:
        """How much lower the potential is at the better fixed point."""

        def distance(s: float) -> float:
            return float(_log_undersampling(np.array([s]), density, noise_variance)[0]) - log_delta

        inner = _root(distance, log_excess[0] - 30.0, low_at)
        outer = _root(distance, high_at, log_excess[-1] + 30.0)
        return _area(inner, outer, float(np.exp(log_delta)), density, noise_variance)

    margin = 1e-9 * (high - low)
    optimal = _root(gain, low + margin, high - margin)
    return HardPhase(float(np.exp(low)), float(np.exp(optimal)), float(np.exp(high)))


def bayes_phase(undersampling: float, density: float, noise_variance: float) -> Phase:
    """Whether message passing is optimal here, or recovery hard, or the better fixed point not yet the optimal one."""
    reached, possible = _fixed_points(undersampling, density, noise_variance)
    if reached - possible <= _AGREE * reached:
        return "easy"
    return "hard" if _potential_gap(possible, reached, undersampling, density, noise_variance) > 0 else "impossible"


def bayes_ceiling(undersampling: float, density: float, noise_variance: float) -> float:
    """Mean squared error per latent of the Bayes-optimal estimate (active variance 1), whatever it takes to compute.

    The better fixed point where the phase is easy or hard, the worse where it is impossible; nan at a spinodal, where
    `state_evolution_mse` does not settle.
    """
    reached, possible = _fixed_points(undersampling, density, noise_variance)
    if not (np.isfinite(reached) and np.isfinite(possible)):
        return float("nan")
    return reached if bayes_phase(undersampling, density, noise_variance) == "impossible" else possible


def _fixed_points(undersampling: float, density: float, noise_variance: float) -> tuple[float, float]:
    """Error from the prior, and from the truth."""
    return (
        float(state_evolution_mse(undersampling, density, noise_variance, start="prior")),
        float(state_evolution_mse(undersampling, density, noise_variance, start="truth")),
    )


def _potential_gap(possible: float, reached: float, delta: float, density: float, noise_variance: float) -> float:
    """Potential of the worse fixed point less that of the better; without noise the better one is infinitely low."""
    if noise_variance == 0:
        return np.inf
    return _area(np.log(possible / delta), np.log(reached / delta), delta, density, noise_variance)


def _area(log_inner: float, log_outer: float, delta: float, density: float, noise_variance: float) -> float:
    """Integral of (delta (v - sigma^2) - mmse(v)) / v^2 dv, in s = log(v - sigma^2)."""

    def integrand(s: float) -> float:
        excess = np.exp(s)
        v = noise_variance + excess
        return float((delta * excess - scalar_mmse(v, density)) * excess / v**2)

    points = np.linspace(log_inner, log_outer, 9)
    parts = [integrate.quad(integrand, a, b, epsabs=1e-12, epsrel=1e-8)[0] for a, b in itertools.pairwise(points)]
    return float(np.sum(parts))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(optimize.brentq(function, low, high, xtol=1e-10))  # pyright: ignore[reportArgumentType]


def _log_undersampling(log_excess: np.ndarray, density: float, noise_variance: float) -> np.ndarray:
    """log delta(v) at s = log(v - sigma^2)."""
    return np.log(scalar_mmse(noise_variance + np.exp(log_excess), density)) - log_excess


def _extremum(grid: np.ndarray, index: int, density: float, noise_variance: float, *, sign: int) -> float:
    """Place of the local minimum (sign 1) or maximum (-1) of log delta next to a grid point."""
    found = optimize.minimize_scalar(
        lambda s: sign * float(_log_undersampling(np.array([s]), density, noise_variance)[0]),
        bounds=(grid[max(index - 1, 0)], grid[min(index + 1, grid.size - 1)]),
        method="bounded",
        options={"xatol": 1e-7},
    )
    return float(found.x)  # pyright: ignore[reportAttributeAccessIssue]
