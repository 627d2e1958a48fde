"""The audit's pictures: metrics by conditions, raw and corrected for chance."""

import numpy as np
import pandas as pd

from analysis.figures import Levels, MapFacet, Panel, heat_map
from bench.studies.metric_audit import tables
from bench.studies.metric_audit.parameters import CONDITIONS, described
from bench.studies.metric_audit.scores import LABELS

VALUES = {"mean": "score (best 1)", "corrected": "score corrected for chance"}


def maps(scores: pd.DataFrame) -> list[Panel]:
    """For the largest number of latents, at the fewest and the most samples: raw scores, and corrected ones."""
    if scores.empty:
        return []
    n_latents = int(scores["n_latents"].max())
    sizes = sorted({int(scores["n_samples"].min()), int(scores["n_samples"].max())})
    present = list(dict.fromkeys(scores["condition"]))
    conditions = [name for name in dict.fromkeys([*CONDITIONS, *present]) if name in present]
    x = Levels.of_kinds("condition of the estimate", conditions)
    panels = []
    for value in VALUES:
        # A metric without any value in this picture has no row; rows are drawn from the bottom up.
        shown = set(scores.loc[scores[value].notna(), "metric"])
        metrics = [name for name in reversed(LABELS) if name in shown]
        if metrics:
            y = Levels.of_kinds("metric", [LABELS[name] for name in metrics])
            panels.append(_map(scores, value, n_latents, sizes, metrics, conditions, x, y))
    return panels


def _map(
    scores: pd.DataFrame,
    value: str,
    n_latents: int,
    sizes: list[int],
    metrics: list[str],
    conditions: list[str],
    x: Levels,
    y: Levels,
) -> Panel:
    facets = [_facet(tables.at_size(scores, n_latents, n), value, metrics, conditions) for n in sizes]
    corrected = value == "corrected"
    return heat_map(
        [facets],
        x=x,
        y=y,
        value_label=VALUES[value],
        limits=(0.0, 1.0),
        name=f"audit-{value}",
        title=f"{'Scores corrected for chance' if corrected else 'Raw scores'}, {n_latents} latents",
        caption=(
            "Mean over trials. "
            + (
                "(score - chance) / (1 - chance), chance being the same score after the samples were put in a random "
                "order, or 0 where that is below; grey where chance is above "
                f"{tables.NO_ROOM:g}, or a score is not defined for this number of atoms. "
                if corrected
                else "Every metric is written so that 1 is best; “unrelated” is what there is to find by chance. Grey: "
                "not defined for this number of atoms. "
            )
            + " ".join(f"{name}: {described(name)}." for name in conditions)
        ),
        alt=f"Map of every metric's {VALUES[value]} for every condition of the estimate, with few and with many "
        "samples.",
        column_titles=[f"{n} samples" for n in sizes],
    )


def _facet(part: pd.DataFrame, value: str, metrics: list[str], conditions: list[str]) -> MapFacet:
    index = pd.MultiIndex.from_product([metrics, conditions], names=["metric", "condition"])
    grid = part.set_index(["metric", "condition"]).reindex(index)
    shape = (len(metrics), len(conditions))
    tips = np.array([_tip(row) for _, row in grid.reset_index().iterrows()], dtype=object).reshape(shape)
    return MapFacet("", grid[value].to_numpy(float).reshape(shape), tips=tips.tolist())


def _tip(row: pd.Series) -> str:
    place = f"{LABELS[row['metric']]}, {row['condition']}"
    if np.isnan(row["mean"]):
        return f"{place}: not defined"
    corrected = f"{row['corrected']:.3f} [{row['corrected_low']:.3f}, {row['corrected_high']:.3f}]"
    return (
        f"{place}: {row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}], chance {row['chance']:.3f}, corrected "
        f"{corrected}, {row['n_trials']:.0f} trials"
    )
