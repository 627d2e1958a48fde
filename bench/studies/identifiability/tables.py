"""The study's tables, from the rows alone."""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.metrics.chance_correction import chance_corrected
from analysis.statistics import mean_interval
from bench.studies.identifiability.parameters import ASSUMPTIONS, OBJECTIVES, Fixed, base_point

REPRESENTATION = "representation"
HELD = 0.95
"""Linear R^2 from which on the latents count as identified up to an affine map."""

SCORES = ("r2", "r2_back", "r2_observed")
LEVELS = ("n_latents", "depth", "condition_number", "n_classes", "n_samples", "undersampling")
"""The axes that are numbers."""


def along(rows: pd.DataFrame, fixed: Fixed, axis: str) -> pd.DataFrame:
    """The rows in which everything but one axis is at its base value."""
    others = {name: value for name, value in base_point(fixed).items() if name != axis}
    return rows[np.logical_and.reduce([rows[name] == value for name, value in others.items()])]


def usable(rows: pd.DataFrame, method: str = REPRESENTATION) -> pd.DataFrame:
    """One method's rows of the networks whose training did not diverge."""
    return rows[(rows["method"] == method) & np.isfinite(rows["loss"].astype(float))]


def r2_table(rows: pd.DataFrame, fixed: Fixed, axis: str) -> pd.DataFrame:
    """Per value of an axis: means with 95% t intervals over trials of the linear R^2, there, back and from x."""
    part, records = along(usable(rows), fixed, axis), []
    for value, group in part.groupby(axis, sort=True):
        record = {axis: value, "n_trials": len(group)}
        for score in SCORES:
            interval = mean_interval(group[score].to_numpy(float))
            record |= {
                score: float(interval.estimate),
                f"{score}_low": float(interval.low),
                f"{score}_high": float(interval.high),
            }
        records.append(record)
    return pd.DataFrame.from_records(records)


def assumption_table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """Per assumption: its R^2, how far that is below the base setting's with a 95% interval (Welch), and a verdict."""
    table = _against_base(rows, fixed, "assumption", {name: one.text for name, one in ASSUMPTIONS.items()})
    if table.empty:
        return table
    return table.assign(theory=["holds" if ASSUMPTIONS[name].holds else "broken" for name in table["assumption"]])


def objective_table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """The same per objective."""
    return _against_base(rows, fixed, "objective", OBJECTIVES)


def _against_base(rows: pd.DataFrame, fixed: Fixed, axis: str, texts: dict[str, str]) -> pd.DataFrame:
    table = r2_table(rows, fixed, axis)
    if table.empty:
        return table
    part, base = along(usable(rows), fixed, axis), base_point(fixed)[axis]
    reference = part.loc[part[axis] == base, "r2"].to_numpy(float)
    drops = [_drop(reference, part.loc[part[axis] == value, "r2"].to_numpy(float)) for value in table[axis]]
    table["drop"], table["drop_low"], table["drop_high"] = zip(*drops, strict=True)
    table["verdict"] = [
        "base" if value == base else "lower" if low > 0 else "higher" if high < 0 else "not told apart"
        for value, (_, low, high) in zip(table[axis], drops, strict=True)
    ]
    table["meaning"] = [texts[value] for value in table[axis]]
    order = {name: i for i, name in enumerate(texts)}
    return table.sort_values(axis, key=lambda names: names.map(order), ignore_index=True)


def _drop(reference: np.ndarray, values: np.ndarray) -> tuple[float, float, float]:
    """Difference of the means, and its 95% interval; nan where there are fewer than two values on a side."""
    drop = float(reference.mean() - values.mean()) if reference.size and values.size else np.nan
    if min(reference.size, values.size) < 2 or reference.std() + values.std() == 0:
        return drop, np.nan, np.nan
    interval = stats.ttest_ind(reference, values, equal_var=False).confidence_interval(0.95)
    return drop, float(interval.low), float(interval.high)


def mcc_table(rows: pd.DataFrame, fixed: Fixed, axis: str) -> pd.DataFrame:
    """Per value of an axis and method: mean MCC, its chance level, and the mean corrected for it with 95% interval.

    `rotated` is what the latents themselves score after a random rotation, corrected too: all that a linear map to no
    particular basis has to offer.
    """
    finite = rows[np.isfinite(rows["loss"].astype(float))]
    records = []
    for (value, method), group in along(finite, fixed, axis).groupby([axis, "method"], sort=True):
        corrected = _corrected(group, "mcc")
        interval = mean_interval(corrected)
        rotated = _corrected(group, "mcc_rotated") if "mcc_rotated" in group else np.full(1, np.nan)
        records.append(
            {
                axis: value,
                "method": method,
                "mcc": group["mcc"].mean(),
                "chance": group["mcc_chance"].mean(),
                "corrected": float(interval.estimate),
                "corrected_low": float(interval.low),
                "corrected_high": float(interval.high),
                "rotated": float(np.mean(rotated)),
                "n_trials": len(group),
            }
        )
    return pd.DataFrame.from_records(records)


def _corrected(group: pd.DataFrame, score: str) -> np.ndarray:
    """An MCC corrected for the chance level of the representation's (or codes') own."""
    return np.asarray(chance_corrected(group[score].to_numpy(float), group["mcc_chance"].to_numpy(float)))
