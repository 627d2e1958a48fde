"""From statistics to a probability and an expected score: a logistic model that rises in each, and how good it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import expit, logit

Verdict = Literal["go", "uncertain", "no-go"]

_RIDGE = 0.02
_LEAST = 1e-4


@dataclass(frozen=True, eq=False)
class MonotoneLogistic:
    """target ~ 1 / (1 + exp(-(b + w.(x - centre) / scale))) with w >= 0, fitted, and refitted to resampled rows.

    `weights` begins with b; `resampled` holds one row of weights a resample.
    """

    centre: Float[np.ndarray, " n_features"]
    scale: Float[np.ndarray, " n_features"]
    weights: Float[np.ndarray, " n_weights"]
    resampled: Float[np.ndarray, "n_resamples n_weights"]

    def predict(self, features: Float[np.ndarray, "n_rows n_features"]) -> Float[np.ndarray, " n_rows"]:
        """The fitted target of each row, inside (0, 1)."""
        return expit(self._design(features) @ self.weights)

    def interval(
        self, features: Float[np.ndarray, "n_rows n_features"], *, level: float = 0.9
    ) -> tuple[Float[np.ndarray, " n_rows"], Float[np.ndarray, " n_rows"]]:
        """Between which the middle `level` of the refitted models' targets lies."""
        values = expit(self._design(features) @ self.resampled.T)
        tail = (1 - level) / 2
        low, high = np.quantile(values, [tail, 1 - tail], axis=1)
        return low, high

    def _design(self, features: np.ndarray) -> np.ndarray:
        x = (np.asarray(features, dtype=np.float64) - self.centre) / self.scale
        return np.column_stack([np.ones(len(x)), x])


def fit_monotone_logistic(
    features: Float[np.ndarray, "n_rows n_features"], targets: ArrayLike, *, n_resamples: int = 200, seed: int = 0
) -> MonotoneLogistic:
    """Cross-entropy of targets in [0, 1] (outcomes, or scores), with a small ridge on w, minimised over w >= 0.

    Features are centred and scaled by their standard deviation. The ridge, .02 / 2 ||w||^2 a row, keeps w finite where
    the targets are separable. Raises ValueError for targets outside [0, 1], or fewer than 2 rows.
    """
    x, t = np.asarray(features, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if len(x) < 2 or not np.all((t >= 0) & (t <= 1)):
        raise ValueError("needs at least 2 rows, and targets in [0, 1]")
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    weights = _minimise(design, t)
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(x), size=(n_resamples, len(x)))
    resampled = np.array([_minimise(design[one], t[one]) for one in rows]).reshape(n_resamples, design.shape[1])
    return MonotoneLogistic(centre, scale, weights, resampled)


def _minimise(design: np.ndarray, t: np.ndarray) -> np.ndarray:
    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        u = design @ w
        # log(1 + e^u) - t u is the cross-entropy.
        value = np.mean(np.logaddexp(0, u) - t * u) + 0.5 * _RIDGE * np.sum(w[1:] ** 2)
        slope = design.T @ (expit(u) - t) / len(t)
        slope[1:] += _RIDGE * w[1:]
        return float(value), slope

    n_features = design.shape[1] - 1
    bounds = [(None, None)] + [(0, None)] * n_features
    return optimize.minimize(loss, np.zeros(n_features + 1), jac=True, bounds=bounds, method="L-BFGS-B").x


def cross_predicted(
    features: Float[np.ndarray, "n_rows n_features"], targets: ArrayLike, *, n_folds: int = 10, seed: int = 0
) -> Float[np.ndarray, " n_rows"]:
    """What the model says of each row when it is fitted to the other folds."""
    x, t = np.asarray(features, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    fold = np.random.default_rng(seed).permutation(len(x)) % n_folds
    predicted = np.empty(len(x))
    for one in range(n_folds):
        model = fit_monotone_logistic(x[fold != one], t[fold != one], n_resamples=0)
        predicted[fold == one] = model.predict(x[fold == one])
    return predicted


def logit_residuals(predicted: ArrayLike, measured: ArrayLike) -> Float[np.ndarray, " n_rows"]:
    """logit(measured) - logit(predicted), both kept inside [.0001, .9999]."""
    p, m = (np.clip(np.asarray(a, dtype=np.float64), _LEAST, 1 - _LEAST) for a in (predicted, measured))
    return logit(m) - logit(p)


def shifted(predicted: float, residual: float) -> float:
    """The score that lies `residual` from `predicted` on the logit scale."""
    return float(expit(logit(np.clip(predicted, _LEAST, 1 - _LEAST)) + residual))


def brier_score(probabilities: ArrayLike, outcomes: ArrayLike) -> float:
    """Mean of (p - outcome)^2 [Brier1950]: 0 is best, 1/4 what p = 1/2 everywhere gives."""
    return float(np.mean((np.asarray(probabilities, float) - np.asarray(outcomes, float)) ** 2))


def calibration_error(probabilities: ArrayLike, outcomes: ArrayLike, *, n_bins: int = 5) -> float:
    """Mean over rows of |mean probability - rate of the outcome| in the row's bin, bins of equal width on [0, 1].

    The expected calibration error of [Naeini2015]. It is 0 for perfect calibration and many rows; with few rows the
    rates scatter, so that it is above 0 even then.
    """
    p, y = np.asarray(probabilities, float), np.asarray(outcomes, float)
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    gaps = [np.sum(bins == one) * abs(p[bins == one].mean() - y[bins == one].mean()) for one in np.unique(bins)]
    return float(np.sum(gaps) / p.size)


def verdict_of(probability: float, *, go: float, no_go: float) -> Verdict:
    """ "go" from the probability `go` on, "no-go" up to `no_go`, "uncertain" between."""
    return "go" if probability >= go else "no-go" if probability <= no_go else "uncertain"


def clear_cases(recovery: ArrayLike, *, high: float = 0.9, low: float = 0.5) -> Bool[np.ndarray, " n_rows"]:
    """Where the true recovery leaves no doubt what the verdict should be."""
    r = np.asarray(recovery, dtype=np.float64)
    return (r > high) | (r < low)


def share_right(verdicts: Sequence[str], recovery: ArrayLike, *, high: float = 0.9) -> float:
    """Share of verdicts that say "go" above `high` and "no-go" below; "uncertain" is never right; nan for none."""
    r = np.asarray(recovery, dtype=np.float64)
    right = [v == ("go" if one > high else "no-go") for v, one in zip(verdicts, r, strict=True)]
    return float(np.mean(right)) if right else float("nan")
