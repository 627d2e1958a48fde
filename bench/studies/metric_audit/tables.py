"""The audit's tables, from the rows alone."""

import numpy as np
import pandas as pd

from analysis.statistics import mean_interval
from analysis.theory import correlation_chance
from bench.studies.metric_audit.parameters import CONDITIONS
from bench.studies.metric_audit.scores import LABELS

SIZE = ["n_latents", "n_samples"]
FAULTS = ("noisy", "rotated", "dead", "split", "merged", "unrelated")

BLIND = 0.9
"""A metric is blind to a fault where it scores, corrected for chance, at least this share of what the truth scores."""

NO_ROOM = 0.98
"""Where chance is above this there is no room left to correct: the corrected score is nan."""


def score_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per metric, condition and size: mean over trials with its 95% t interval, chance, and the mean corrected for it.

    Metrics that a condition does not have are left out.
    """
    records = []
    order = {name: i for i, name in enumerate(CONDITIONS)}
    for size, part in rows.groupby(SIZE, sort=True):
        for metric in (name for name in LABELS if name in part):
            for condition, group in sorted(part.groupby("condition"), key=lambda item: order[str(item[0])]):
                values = group[metric].dropna()
                if values.empty:
                    continue
                interval, chance = mean_interval(values), float(group[f"{metric}_chance"].mean())
                mean = float(interval.estimate)
                corrected = (mean - chance) / (1 - chance) if chance <= NO_ROOM else np.nan
                records.append(
                    {
                        "metric": metric,
                        "condition": condition,
                        **dict(zip(SIZE, map(int, size), strict=True)),
                        "mean": mean,
                        "low": float(interval.low),
                        "high": float(interval.high),
                        "chance": chance,
                        "corrected": corrected,
                        "n_trials": len(values),
                    }
                )
    return pd.DataFrame.from_records(records)


def blindness_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Per metric, at the largest size: the corrected score of each fault relative to the truth's, and what it misses."""
    wide = largest(scores).pivot_table(index="metric", columns="condition", values="corrected", dropna=False)
    wide = wide.reindex([name for name in LABELS if name in wide.index])
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
        correlation_chance(int(row.n_samples), int(row.n_latents), int(row.n_latents))  # pyright: ignore[reportArgumentType]
        if row.metric == "mcc"
        else np.nan
        for row in table.itertuples()
    ]
    return table.assign(theory=theory)


def largest(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows with the most latents and the most samples."""
    return at_size(scores, int(scores["n_latents"].max()), int(scores["n_samples"].max()))


def at_size(scores: pd.DataFrame, n_latents: int, n_samples: int) -> pd.DataFrame:
    """The rows of one size."""
    return scores[(scores["n_latents"] == n_latents) & (scores["n_samples"] == n_samples)]
