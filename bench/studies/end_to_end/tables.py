"""The study's tables, from the rows alone."""

import numpy as np
import pandas as pd

from analysis.metrics.chance_correction import chance_corrected
from analysis.statistics import mean_interval
from bench.studies.end_to_end.parameters import STAGES

CELL = ["objective", "n_dims", "density"]

STEPS = {
    "fewer dimensions than latents": (None, "linear-known"),
    "the representation is not that linear map": ("linear-known", "network-estimated"),
    "the map is unknown": ("network-estimated", "network-blind"),
}
"""What each step loses: the stage before it (None: the truth) and the one after."""


def scored(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of networks whose training did not diverge, with the MCC corrected for chance."""
    finite = rows[np.isfinite(rows["loss"].astype(float))]
    corrected = np.asarray(chance_corrected(finite["mcc"].to_numpy(float), finite["mcc_chance"].to_numpy(float)))
    return finite.assign(corrected=corrected)


def stage_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per cell and stage: mean MCC, chance, and the mean corrected for it with a 95% interval over networks."""
    records = []
    for keys, group in scored(rows).groupby([*CELL, "method"], sort=True):
        interval = mean_interval(group["corrected"].to_numpy(float))
        records.append(
            {
                **dict(zip([*CELL, "stage"], keys, strict=True)),
                "mcc": group["mcc"].mean(),
                "chance": group["mcc_chance"].mean(),
                "corrected": float(interval.estimate),
                "low": float(interval.low),
                "high": float(interval.high),
                "n_trials": len(group),
            }
        )
    table = pd.DataFrame.from_records(records)
    if table.empty:
        return table
    plugged = sorted(set(table["stage"]) - set(STAGES))
    stages = pd.Categorical(table["stage"], [*STAGES, *plugged])
    table = table.assign(stage=stages).sort_values([*CELL, "stage"], ignore_index=True)
    return table.astype({"stage": str})


def loss_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per cell: what each step takes of the corrected MCC, network by network, with a 95% interval."""
    wide = scored(rows).pivot_table(index=[*CELL, "trial"], columns="method", values="corrected")
    records = []
    for keys, part in wide.groupby(CELL, sort=True):
        for step, (before, after) in STEPS.items():
            if after not in part or (before is not None and before not in part):
                continue
            lost = (1.0 if before is None else part[before]) - part[after]
            interval = mean_interval(lost.dropna().to_numpy(float))
            records.append(
                {
                    **dict(zip(CELL, keys, strict=True)),
                    "step": step,
                    "lost": float(interval.estimate),
                    "low": float(interval.low),
                    "high": float(interval.high),
                    "n_trials": int(interval.n),
                }
            )
    return pd.DataFrame.from_records(records)


def network_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Per cell: how linear the representation is, what of the latents is in it, and the coherence of its map."""
    once = scored(rows).drop_duplicates([*CELL, "trial"])
    return once.groupby(CELL, as_index=False, sort=True)[["r2", "r2_back", "coherence", "loss"]].mean()
