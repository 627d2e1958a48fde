"""The audit's tables, from the rows alone."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis.statistics import Interval, mean_interval
from analysis.theory import correlation_chance
from bench.studies.metric_audit.parameters import CONDITIONS, TRUTH
from bench.studies.metric_audit.scores import LABELS

SIZE = ["n_latents", "n_samples"]
FAULTS = ("noisy", "rotated", "dead", "split", "merged", "unrelated")

WITHOUT_TRUTH = ("unsplit", "unabsorbed", "alive", "distinct")
"""Scores that look for one fault each and not for the truth: they are not corrected for chance."""

BLIND = 0.9
"""A metric is blind to a fault where it scores, corrected for chance, at least this share of what the truth scores."""

NO_ROOM = 0.98
"""Where chance is above this there is no room left to correct: the corrected score is nan."""


def corrected_for_chance(score: float, chance: float) -> float:
    """(score - chance) / (1 - chance), nan where there is no room; chance below 0 counts as 0.

    A held-out R^2 far below 0 is no zero point: with it as one, whatever is not as bad would look good.
    """
    if np.isnan(chance):
        return float("nan")
    level = max(chance, 0.0)
    return (score - level) / (1 - level) if level <= NO_ROOM else float("nan")


def corrected_interval(scores: pd.Series, chance: pd.Series) -> Interval:
    """`corrected_for_chance` of the means, with a 95% t interval over trials, each with its own chance level.

    `scores` and `chance` hold one value a trial. The interval covers what both vary; chance's mean in the denominator
    is taken as known.
    """
    mean, level = float(scores.mean()), float(chance.mean())
    estimate = corrected_for_chance(mean, level)
    if np.isnan(estimate):
        nothing = np.asarray(np.nan)
        return Interval(nothing, nothing, nothing, np.asarray(len(scores)))
    above = scores - chance if level > 0 else scores
    return mean_interval(above / (1 - max(level, 0.0)))


def by_estimate(rows: pd.DataFrame, learners: Iterable[str]) -> pd.DataFrame:
    """The rows with each learner's scores, which stand at the truth's points, under a condition of its name."""
    learned = rows["method"].isin(list(learners))
    kept = rows[~learned | (rows["condition"] == TRUTH)]
    return kept.assign(condition=kept["condition"].where(~learned, kept["method"]))


def score_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per metric, condition and size: mean over trials with its 95% t interval, chance, and the mean corrected for it.

    Metrics that a condition does not have are left out.
    """
    records = []
    order = {name: i for i, name in enumerate(dict.fromkeys([*CONDITIONS, *rows["condition"]]))}
    for _, part in rows.groupby(SIZE, sort=True):
        for metric in (name for name in LABELS if name in part):
            for condition, group in sorted(part.groupby("condition"), key=lambda item: order[str(item[0])]):
                values = group[metric].dropna()
                if values.empty:
                    continue
                by_chance = group.loc[values.index, f"{metric}_chance"]
                interval, chance = mean_interval(values), float(group[f"{metric}_chance"].mean())
                mean = float(interval.estimate)
                judged = metric not in WITHOUT_TRUTH
                corrected = corrected_interval(values, by_chance if judged else by_chance * np.nan)
                records.append(
                    {
                        "metric": metric,
                        "condition": condition,
                        "n_latents": int(group["n_latents"].iloc[0]),
                        "n_samples": int(group["n_samples"].iloc[0]),
                        "mean": mean,
                        "low": float(interval.low),
                        "high": float(interval.high),
                        "chance": chance,
                        "corrected": float(corrected.estimate),
                        "corrected_low": float(corrected.low),
                        "corrected_high": float(corrected.high),
                        "n_trials": len(values),
                    }
                )
    return pd.DataFrame.from_records(records)


def blindness_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Per metric, at the largest size: each fault's corrected score relative to the truth's, and what it misses.

    Metrics that are not corrected for chance are left out.
    """
    wide = largest(scores).pivot_table(index="metric", columns="condition", values="corrected", dropna=False)
    wide = wide.reindex([name for name in LABELS if name in wide.index and name not in WITHOUT_TRUTH])
    if "same" not in wide:
        return pd.DataFrame()
    present = [fault for fault in FAULTS if fault in wide]
    relative = wide[present].div(wide["same"], axis=0)
    missed = relative.apply(lambda row: ", ".join(f for f in present if row[f] >= BLIND) or "none", axis=1)
    return relative.assign(blind_to=missed).reset_index().rename_axis(columns=None)


def chance_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Per metric and size: the mean of unrelated codes, and for the MCC what theory says of Gaussian codes."""
    part = scores[scores["condition"] == "unrelated"]
    table = part[["metric", *SIZE, "mean", "low", "high"]].reset_index(drop=True)
    theory = [
        correlation_chance(row["n_samples"], row["n_latents"], row["n_latents"]) if row["metric"] == "mcc" else np.nan
        for row in table.to_dict("records")
    ]
    return table.assign(theory=theory)


def largest(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows with the most latents and the most samples."""
    return at_size(scores, int(scores["n_latents"].max()), int(scores["n_samples"].max()))


def at_size(scores: pd.DataFrame, n_latents: int, n_samples: int) -> pd.DataFrame:
    """The rows of one size."""
    return scores[(scores["n_latents"] == n_latents) & (scores["n_samples"] == n_samples)]
