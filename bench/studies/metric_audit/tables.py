"""The audit's tables, from the rows alone."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis.statistics import corrected_mean_interval, mean_interval
from analysis.theory import correlation_chance
from bench.studies.metric_audit.definitions import DEFINITIONS, Definition
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


def corrected_for_chance(scores: pd.Series, chances: pd.Series) -> tuple[float, float, float]:
    """(score - chance) / (1 - chance) of the means with its 95% interval, nan where there is no room.

    Chance below 0 counts as 0: a held-out R^2 far below 0 is no zero point; with it as one, whatever is not as bad
    would look good.
    """
    if not chances.mean() <= NO_ROOM:
        return np.nan, np.nan, np.nan
    found = corrected_mean_interval(scores, chances)
    return float(found.estimate), float(found.low), float(found.high)


def by_estimate(rows: pd.DataFrame, learners: Iterable[str]) -> pd.DataFrame:
    """The rows with each learner's scores, which stand at the truth's points, under a condition of its name."""
    learned = rows["method"].isin(list(learners))
    kept = rows[~learned | (rows["condition"] == TRUTH)]
    return kept.assign(condition=kept["condition"].where(~learned, kept["method"]))


def score_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per metric, condition and size: mean over trials with its 95% t interval, chance, and the mean corrected for it.

    The corrected mean has a 95% t interval too; trials pair a score with its own chance level.
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
                interval, chances = mean_interval(values), group.loc[values.index, f"{metric}_chance"]
                free = metric in WITHOUT_TRUTH
                corrected = (np.nan, np.nan, np.nan) if free else corrected_for_chance(values, chances)
                records.append(
                    {
                        "metric": metric,
                        "condition": condition,
                        "n_latents": int(group["n_latents"].iloc[0]),
                        "n_samples": int(group["n_samples"].iloc[0]),
                        "mean": float(interval.estimate),
                        "low": float(interval.low),
                        "high": float(interval.high),
                        "chance": float(chances.mean()),
                        **dict(zip(("corrected", "corrected_low", "corrected_high"), corrected, strict=True)),
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


def definition_table(scores: pd.DataFrame) -> pd.DataFrame:
    """What each metric of this run is: range, chance level, invariances and reference."""
    present = set(scores["metric"]) if len(scores) else set()
    records = [{"metric": name, **one._asdict()} for name, one in DEFINITIONS.items() if name in present]
    return pd.DataFrame.from_records(records, columns=["metric", *Definition._fields])


def largest(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows with the most latents and the most samples."""
    return at_size(scores, int(scores["n_latents"].max()), int(scores["n_samples"].max()))


def at_size(scores: pd.DataFrame, n_latents: int, n_samples: int) -> pd.DataFrame:
    """The rows of one size."""
    return scores[(scores["n_latents"] == n_latents) & (scores["n_samples"] == n_samples)]
