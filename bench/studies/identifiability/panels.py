"""The study's pictures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.figures import Curve, Panel, RankFacet, Series, SeriesFacet, cut_plot, rank_plot
from bench.studies.identifiability import tables
from bench.studies.identifiability.parameters import ASSUMPTIONS, Fixed, n_dims_of

LABELS = {"r2": "y to z", "r2_back": "z to y", "r2_observed": "x to z (no network)"}
X_LABELS = {
    "n_latents": "latents N",
    "depth": "layers of the generator",
    "condition_number": "condition number of each layer",
    "n_classes": "classes C",
    "n_samples": "training samples P",
    "undersampling": "width M / N",
}
WITH_AXES = ("sparse-prior", "laplace-prior", "heteroscedastic-prior")
"""Priors that are not the same in every rotation of the latents."""

LOGARITHMIC = ("condition_number", "n_classes", "n_samples")


def broken(assumptions: pd.DataFrame, objectives: pd.DataFrame) -> list[Panel]:
    """Linear R^2 of each broken assumption and each objective, as rankings."""
    facets = []
    if len(assumptions):
        groups = [
            f"theory's conclusion {'holds' if t == 'holds' else 'is not promised'}" for t in assumptions["theory"]
        ]
        facets.append(_ranking("assumption", assumptions, groups))
    if len(objectives) > 1:
        facets.append(_ranking("objective", objectives, ["objective"] * len(objectives)))
    if not facets:
        return []
    return [
        rank_plot(
            facets,
            name="assumptions",
            title="Which assumptions matter",
            caption="Held-out R² of the best affine map from representation y to latents z, with 95% intervals over "
            "networks. Each row departs from the first in one respect. Dotted: the same from the observations x of the "
            "first row, before any network.",
            alt="Linear R² for every broken assumption and for every objective, each with an interval.",
            x_label="linear R², y to z",
        )
    ]


def _ranking(axis: str, table: pd.DataFrame, groups: list[str]) -> RankFacet:
    first = table[table["verdict"] == "base"]
    tips = [
        f"{row[axis]}: {row['meaning']}. R² {row['r2']:.3f} [{row['r2_low']:.3f}, {row['r2_high']:.3f}], back "
        f"{row['r2_back']:.3f}, from x {row['r2_observed']:.3f}; {row['verdict']}, {row['n_trials']} networks"
        for row in table.to_dict("records")
    ]
    return RankFacet(
        axis,
        table[axis].tolist(),
        table["r2"].to_numpy(),
        table["r2_low"].to_numpy(),
        table["r2_high"].to_numpy(),
        groups,
        tips=tips,
        theory={f"identified ({tables.HELD:g})": tables.HELD},
        chance={"observations x": float(first["r2_observed"].iloc[0])} if len(first) else {},
    )


def sweeps(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    """Linear R^2 against each axis that has several levels."""
    panels = []
    for axis in tables.LEVELS:
        table = tables.r2_table(rows, fixed, axis)
        if len(table) > 1:
            panels.append(_sweep(axis, table, fixed))
    return panels


def _sweep(axis: str, table: pd.DataFrame, fixed: Fixed) -> Panel:
    x = table[axis].to_numpy(float)
    series = []
    for score, label in LABELS.items():
        y, low, high = (table[f"{score}{end}"].to_numpy(float) for end in ("", "_low", "_high"))
        tips = [f"{X_LABELS[axis]} {a:g}: R² {label} {b:.3f}" for a, b in zip(x, y, strict=True)]
        series.append(Series(f"R² {label}", x, y, low, high, tips=tips))
    return cut_plot(
        [SeriesFacet("", series, _predicted(axis, x, fixed))],
        name=f"by-{axis.replace('_', '-')}",
        title=f"Linear R² by {X_LABELS[axis]}",
        caption="Means with 95% intervals over networks, everything else at its base value." + _words(axis),
        alt=f"Linear R² against {X_LABELS[axis]}.",
        x_label=X_LABELS[axis],
        y_label="linear R², held out",
        x_log=axis in LOGARITHMIC,
        y_limits=(min(0.0, float(np.nanmin(table[list(LABELS)].to_numpy(float)))) - 0.03, 1.03),
    )


def _predicted(axis: str, x: np.ndarray, fixed: Fixed) -> list[Curve]:
    n = fixed.base_n_latents
    if axis == "undersampling":
        return [Curve("M / N, no more is possible", x, np.array([n_dims_of(d, n) / n for d in x]))]
    if axis == "n_classes":
        return [Curve("share that is determined, (C - 1) / N", x, np.minimum((x - 1) / n, 1))]
    return []


def _words(axis: str) -> str:
    if axis == "undersampling":
        return (
            " A map of rank M reads at most M / N of the variance of isotropic latents, whatever the representation; "
            "features that are not there do not count for z to y."
        )
    if axis == "n_classes":
        return " C classes determine the latents along C - 1 directions; of the others theory says nothing."
    return ""


def _rotated(part: pd.DataFrame) -> dict[str, float]:
    """What the base setting's latents score after a random rotation."""
    return {"latents, randomly rotated": float(part["rotated"].mean())} if part["rotated"].notna().any() else {}


def coding(table: pd.DataFrame, methods: Sequence[str]) -> list[Panel]:
    """MCC, corrected for chance, before and after sparse coding."""
    facets = []
    for method in methods if len(table) else ():
        part = (
            table[table["method"] == method]
            .set_index("assumption")
            .reindex([name for name in ASSUMPTIONS if name in set(table["assumption"])])
        )
        tips = [
            f"{name}, {method}: MCC {row['mcc']:.3f}, chance {row['chance']:.3f}, corrected {row['corrected']:.3f} "
            f"[{row['corrected_low']:.3f}, {row['corrected_high']:.3f}]"
            for name, row in part.iterrows()
        ]
        title = "before" if method == tables.REPRESENTATION else method
        facets.append(
            RankFacet(
                title,
                part.index.tolist(),
                part["corrected"].to_numpy(),
                part["corrected_low"].to_numpy(),
                part["corrected_high"].to_numpy(),
                ["latents with axes" if name in WITH_AXES else "latents without axes" for name in part.index],
                tips=tips,
                theory=_rotated(part),
                chance={"chance": 0.0},
            )
        )
    if not facets:
        return []
    return [
        rank_plot(
            facets,
            name="coding",
            title="From a linear map to the latents themselves",
            caption="Mean correlation coefficient of latents with features, corrected for its chance level, with 95% "
            "intervals over networks; before sparse coding, and after each learner. The line is what the latents "
            "themselves score after a random rotation. Latents have axes where their prior does: sparse, Laplace and "
            "heteroscedastic ones. The others look the same from all sides, and no learner can find their axes.",
            alt="Chance-corrected MCC per assumption, before and after sparse coding.",
            x_label="MCC, chance-corrected",
        )
    ]
