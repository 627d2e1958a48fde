"""The study's report: what is left of the latents at each stage, from the rows alone."""

import pandas as pd

from analysis.figures import Panel, Series, SeriesFacet, cut_plot
from bench.report.content import ReportContent
from bench.studies.end_to_end import tables
from bench.studies.end_to_end.parameters import STAGES, Fixed
from bench.study import Results


def report(results: Results) -> ReportContent:
    """What the report shows; one row per network and stage."""
    rows, fixed = results.rows, results.spec.fixed
    stages, losses, networks = tables.stage_table(rows), tables.loss_table(rows), tables.network_table(rows)
    return ReportContent(
        title="End to end",
        question="From a nonlinear world through a trained network narrower than its latents to blind sparse recovery: "
        "how much of the latents comes back, and where is the rest lost?",
        sentences=_objectives(stages, losses, networks) if len(stages) else [],
        panels=_panels(stages, fixed),
        tables={"stages": stages, "losses": losses, "networks": networks},
        notes=_notes(fixed),
        failures=[
            f"{row.objective}, {row.n_dims} dimensions, density {row.density:g}, trial {row.trial}: training diverged"
            for row in rows[rows["loss"].isna()].drop_duplicates([*tables.CELL, "trial"]).itertuples()
        ],
        no_failures="Nothing: no training diverged.",
    )


def _objectives(stages: pd.DataFrame, losses: pd.DataFrame, networks: pd.DataFrame) -> list[str]:
    """For each objective what is left at each stage and lost at each step: with intervals, or from least to most."""
    sentences = []
    for objective, part in stages.groupby("objective", sort=True):
        cells = part.drop_duplicates(tables.CELL)
        linear = networks.loc[networks["objective"] == objective, "r2_back"]
        here = losses[losses["objective"] == objective] if len(losses) else losses
        if len(cells) == 1:
            head = f"{objective}, M = {cells['n_dims'].iloc[0]}, density {cells['density'].iloc[0]:g}"
        else:
            head = f"{objective}, {len(cells)} cells, from the least to the most"
        chain = ", ".join(_told(str(stage), one, "corrected") for stage, one in part.groupby("stage", sort=False))
        lost = ", ".join(_told(str(step), one, "lost") for step, one in here.groupby("step", sort=False))
        sentences.append(
            f"{head}: chance-corrected MCC {chain}"
            + (f"; lost because {lost}" if lost else "")
            + f". The representation is linear in the latents with R² {_range(linear)}."
        )
    return sentences


def _told(name: str, rows: pd.DataFrame, column: str) -> str:
    if len(rows) > 1:
        return f"{name} {_range(rows[column])}"
    row = rows.iloc[0]
    return f"{name} {row[column]:.2f} [{row['low']:.2f}, {row['high']:.2f}]"


def _range(values: pd.Series) -> str:
    low, high = f"{values.min():.2f}", f"{values.max():.2f}"
    return low if low == high else f"{low} to {high}"


def _panels(table: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    if table.empty:
        return []
    facets = []
    for (objective, n_dims), part in table.groupby(["objective", "n_dims"], sort=True):
        series = []
        for stage, group in part.groupby("stage", sort=False):
            x, y = group["density"].to_numpy(float), group["corrected"].to_numpy(float)
            tips = [
                f"{stage}, density {row['density']:g}: MCC {row['mcc']:.3f}, chance {row['chance']:.3f}, corrected "
                f"{row['corrected']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
                for row in group.to_dict("records")
            ]
            series.append(
                Series(str(stage), x, y, group["low"].to_numpy(float), group["high"].to_numpy(float), tips=tips)
            )
        facets.append(SeriesFacet(f"{objective}, M = {n_dims}", series))
    return [
        cut_plot(
            facets,
            name="stages",
            title=f"What is left of {fixed.n_latents} latents at each stage",
            caption="Mean correlation coefficient corrected for chance (1: the latents, 0: chance), with 95% intervals "
            "over networks. " + " ".join(f"{name}: {text}." for name, text in STAGES.items()),
            alt="Chance-corrected MCC against density, a line per stage.",
            x_label="density K / N",
            y_label="MCC, chance-corrected",
            x_log=True,
            y_limits=(min(0.75, float(table["low"].min())) - 0.02, 1.02),
        )
    ]


def _notes(fixed: Fixed) -> list[str]:
    return [
        f"World: {fixed.n_latents} latents, each active with the density's probability and then normal; a generator of "
        f"{fixed.depth} square layers, condition number {fixed.condition_number:g} each, leaky ReLUs of slope "
        f"{fixed.generator_slope:g}. Classes are drawn from the softmax of {fixed.n_classes} directions; regression is "
        "of twice as many noisy linear functions as there are latents.",
        "The linear map is the best one from latents to representation, fitted to other samples; it stands in for the "
        "network in the linear stages, so that these differ from the network's in nothing but the residual.",
        f"All stages read codes by the lasso at {fixed.penalty_fraction:g} of each sample's lambda_max; blind stages "
        "learn the dictionary by alternating MOD from as many samples as are decoded. Plugged-in learners read the "
        "representation by their own encoder.",
        f"MCC is corrected as (MCC - chance) / (1 - chance), chance being the mean over {fixed.n_permutations} random "
        "orders of the samples. Losses are differences within networks.",
        "Intervals are 95% Student t intervals over networks, each with a world of its own.",
    ]
