"""The calibration that comes with the package: fitted to synthetic worlds, and tested on others."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from analysis.diagnosis import (
    MonotoneLogistic,
    brier_score,
    calibration_error,
    clear_cases,
    cross_predicted,
    fit_monotone_logistic,
    logit_residuals,
    share_right,
    shifted,
    verdict_of,
)
from bench.diagnosis.statistics import STATISTICS, model_features

if TYPE_CHECKING:
    import pandas as pd

CALIBRATION_FILE = Path(__file__).with_name("calibration.json")
RECOVERED = 0.9
"""MCC above which a world counts as recovered."""
GO, NO_GO = 0.5, 0.25
"""Probabilities of being recovered from which, and up to which, the verdict is clear."""
LEVEL = 0.9
ESTIMATES = {"atoms": "n_latents", "active": "n_active", "noise": "noise_std"}
"""What is estimated, and the truth's column."""


class Judged(msgspec.Struct, frozen=True):
    """A held-out world: predicted, with its interval, and measured."""

    kind: str
    n_dims: int
    n_samples: int
    probability: float
    expected: float
    low: float
    high: float
    recovery: float
    within: dict[str, bool]
    """Whether each estimate's interval holds the truth."""


class LogRatio(msgspec.Struct, frozen=True):
    """Quantiles over worlds of log(truth / raw estimate): 5%, 50% and 95%."""

    low: float
    median: float
    high: float


class Calibration(msgspec.Struct, frozen=True):
    """Two monotone logistic models on the same features, and the scatter of truth about prediction.

    `ratios` are those of worlds with a probability of recovery above and below 1/2 (`likely`, `unlikely`).
    """

    statistics: list[str]
    centre: list[float]
    scale: list[float]
    probability: list[float]
    probability_resampled: list[list[float]]
    expected: list[float]
    residual_low: float
    residual_high: float
    ratios: dict[str, dict[str, LogRatio]]
    n_worlds: int
    n_dims: list[int]
    n_samples: list[int]
    held_out: list[Judged] = []
    larger: list[Judged] = []
    """Held-out worlds of more dimensions or samples than any of those that were fitted."""


class Prediction(msgspec.Struct, frozen=True):
    """Probability that MCC > .9, with the interval of the refitted models, and the expected MCC, with the interval
    that holds 90% of worlds."""

    probability: float
    probability_low: float
    probability_high: float
    expected: float
    low: float
    high: float


class Estimate(msgspec.Struct, frozen=True):
    """A number with the interval that holds the truth of 90% of the calibration's worlds that are like this one."""

    estimate: float
    low: float
    high: float


@functools.cache
def load_calibration() -> Calibration:
    """The calibration in the package."""
    return msgspec.json.decode(CALIBRATION_FILE.read_bytes(), type=Calibration)


def write_calibration(calibration: Calibration) -> None:
    """Replace the calibration in the package; numbers with seven digits."""
    rounded = _rounded(msgspec.to_builtins(calibration))
    CALIBRATION_FILE.write_bytes(msgspec.json.format(msgspec.json.encode(rounded), indent=1) + b"\n")


def predict(calibration: Calibration, statistics: dict[str, float]) -> Prediction:
    """What the calibration makes of a measurement's statistics."""
    x = model_features(statistics)[None, :]
    model = _model(calibration, calibration.probability, calibration.probability_resampled)
    low, high = model.interval(x, level=LEVEL)
    expected = float(_model(calibration, calibration.expected, []).predict(x)[0])
    return Prediction(
        probability=float(model.predict(x)[0]),
        probability_low=float(low[0]),
        probability_high=float(high[0]),
        expected=expected,
        low=shifted(expected, calibration.residual_low),
        high=shifted(expected, calibration.residual_high),
    )


def corrected(calibration: Calibration, name: str, raw: float, probability: float) -> Estimate:
    """A raw estimate, moved by the median of truth over estimate in worlds as likely, with their interval."""
    ratio = calibration.ratios["likely" if probability >= 0.5 else "unlikely"][name]
    low, estimate, high = (raw * float(np.exp(one)) for one in (ratio.low, ratio.median, ratio.high))
    return Estimate(estimate, low, high)


def fit_calibration(rows: "pd.DataFrame", held_out: "pd.DataFrame", *, larger: "pd.DataFrame") -> Calibration:
    """Fit to the worlds in `rows`, and judge those in `held_out` and `larger`, which enter nothing else."""
    x, recovery = _features(rows), rows["recovery"].to_numpy()
    model = fit_monotone_logistic(x, recovery > RECOVERED)
    expected = fit_monotone_logistic(x, recovery, n_resamples=0)
    # Predicted from the other folds: residuals of the fit itself would be too small.
    residuals = logit_residuals(cross_predicted(x, recovery), recovery)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(residuals, [tail, 1 - tail])
    likely = cross_predicted(x, recovery > RECOVERED) >= 0.5
    fitted = Calibration(
        statistics=list(STATISTICS),
        centre=model.centre.tolist(),
        scale=model.scale.tolist(),
        probability=model.weights.tolist(),
        probability_resampled=model.resampled.tolist(),
        expected=expected.weights.tolist(),
        residual_low=float(low),
        residual_high=float(high),
        ratios={"likely": _ratios(rows[likely], tail), "unlikely": _ratios(rows[~likely], tail)},
        n_worlds=len(rows),
        n_dims=sorted(set(rows["n_dims"].tolist())),
        n_samples=sorted(set(rows["n_samples"].tolist())),
    )
    judged = {
        name: [_judge(fitted, one) for one in worlds.to_dict("records")]
        for name, worlds in (("held_out", held_out), ("larger", larger))
    }
    return msgspec.structs.replace(fitted, **judged)


@dataclass(frozen=True)
class Scores:
    """How the calibration does on worlds that it was not fitted to."""

    n_worlds: int
    n_clear: int
    n_right: int
    n_uncertain_clear: int
    n_uncertain: int
    n_wrong: int
    brier: float
    calibration_error: float
    expected_error: float
    coverage: float
    estimate_coverage: dict[str, float]

    def lines(self) -> list[str]:
        """In words."""
        covered = ", ".join(f"{name} {share:.0%}" for name, share in self.estimate_coverage.items())
        return [
            f"go or no-go right in {self.n_right} of {self.n_clear} clear cases (true recovery above .9 or below .5), "
            f"{self.n_uncertain_clear} of them uncertain, which counts as not right; {self.n_wrong} wrong",
            f"{self.n_uncertain} of all {self.n_worlds} worlds uncertain",
            f"Brier score {self.brier:.3f}, calibration error {self.calibration_error:.3f} (5 bins)",
            f"expected MCC off by {self.expected_error:.3f} on average; its 90% interval holds {self.coverage:.0%}",
            f"90% intervals hold the truth: {covered}",
        ]


def scores_of(judged: list[Judged]) -> Scores:
    """Scores of some of the held-out worlds, at least one."""
    recovery = np.array([one.recovery for one in judged])
    probability = np.array([one.probability for one in judged])
    expected = np.array([one.expected for one in judged])
    verdicts = [verdict_of(one, go=GO, no_go=NO_GO) for one in probability]
    clear = clear_cases(recovery)
    of_clear = [verdict for verdict, one in zip(verdicts, clear, strict=True) if one]
    n_right = round(share_right(of_clear, recovery[clear]) * len(of_clear)) if of_clear else 0
    n_uncertain_clear = of_clear.count("uncertain")
    return Scores(
        n_worlds=len(judged),
        n_clear=len(of_clear),
        n_right=n_right,
        n_uncertain_clear=n_uncertain_clear,
        n_uncertain=verdicts.count("uncertain"),
        n_wrong=len(of_clear) - n_right - n_uncertain_clear,
        brier=brier_score(probability, recovery > RECOVERED),
        calibration_error=calibration_error(probability, recovery > RECOVERED),
        expected_error=float(np.mean(np.abs(expected - recovery))),
        coverage=float(np.mean([one.low <= one.recovery <= one.high for one in judged])),
        estimate_coverage={name: float(np.mean([one.within[name] for one in judged])) for name in ESTIMATES},
    )


def _features(rows: "pd.DataFrame") -> np.ndarray:
    return np.array([model_features(one) for one in rows[list(STATISTICS)].to_dict("records")])  # pyright: ignore


def _model(calibration: Calibration, weights: list[float], resampled: list[list[float]]) -> MonotoneLogistic:
    return MonotoneLogistic(
        np.array(calibration.centre), np.array(calibration.scale), np.array(weights), np.array(resampled)
    )


def _ratios(rows: "pd.DataFrame", tail: float) -> dict[str, LogRatio]:
    return {
        name: LogRatio(*np.quantile(np.log(rows[truth] / rows[f"found_{name}"]), [tail, 0.5, 1 - tail]).tolist())
        for name, truth in ESTIMATES.items()
    }


def _judge(fitted: Calibration, row: dict) -> Judged:
    prediction = predict(fitted, {name: row[name] for name in STATISTICS})
    within = {}
    for name, truth in ESTIMATES.items():
        interval = corrected(fitted, name, row[f"found_{name}"], prediction.probability)
        within[name] = bool(interval.low <= row[truth] <= interval.high)
    return Judged(
        kind=row["kind"],
        n_dims=row["n_dims"],
        n_samples=row["n_samples"],
        probability=prediction.probability,
        expected=prediction.expected,
        low=prediction.low,
        high=prediction.high,
        recovery=row["recovery"],
        within=within,
    )


def _rounded(value):
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
