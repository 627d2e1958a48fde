"""The zoo's pictures."""

import numpy as np
import pandas as pd

from analysis.figures import Curve, Panel, RankFacet, Series, SeriesFacet, cut_plot, rank_plot
from bench.studies.recovery_zoo.tables import NULL, drawn_theory, theory_in_db
from bench.study import Spec

TOLD = ("dictionary known", "dictionary unknown")


def ranking(table: pd.DataFrame, theory: pd.DataFrame) -> Panel:
    """All methods on one scale, with what theory says of the same cells."""
    lines = theory_in_db(theory)
    facets = []
    for told in TOLD:
        part = table[table["told"] == told]
        if part.empty:
            continue
        null = part.loc[part["method"] == NULL, "nmse_db"]
        facets.append(
            RankFacet(
                told,
                part["method"].tolist(),
                part["nmse_db"].to_numpy(),
                part["nmse_db_low"].to_numpy(),
                part["nmse_db_high"].to_numpy(),
                part["family"].tolist(),
                flagged=part["failed_share"].to_numpy() > 0,
                tips=[_tip(row) for row in part.to_dict("records")],
                theory=lines,
                chance={"chance": float(null.iloc[0])} if len(null) else {},
            )
        )
    return rank_plot(
        facets,
        name="ranking",
        title="Who recovers what",
        caption="Mean over all cells of the NMSE in dB, with 95% intervals over trials; further left is better. Lines: "
        "the same mean of what theory predicts for a random dictionary in the limit of many latents. With the "
        "dictionary unknown, codes are matched and scaled first; chance is a dictionary that was never fitted.",
        alt="Ranked list of all methods by mean NMSE, those given the dictionary beside those that learn it, with "
        "theory's predictions, such as the oracle floor and the lasso's, as lines.",
        x_label="mean NMSE (dB)",
    )


def families(cells: pd.DataFrame, table: pd.DataFrame, theory: pd.DataFrame, spec: Spec) -> list[Panel]:
    """NMSE against sparsity, a picture per family and a pair of axes per noise level."""
    if len(spec.grid.n_active) < 2:
        return []
    nmse = cells[cells["metric"] == "nmse"]
    panels = []
    for family, members in table.groupby("family", sort=False):
        names = [name for name in spec.methods if name in set(members["method"])]
        facets = [_facet(nmse, theory, names, noise) for noise in spec.grid.noise_std]
        panels.append(
            cut_plot(
                facets,
                name=f"family-{str(family).replace(' ', '-').lower()}",
                title=f"NMSE over sparsity: {family}",
                caption="Mean NMSE with 95% intervals over trials, beside theory for a random dictionary in the limit "
                "of many latents. Hollow points: some solves did not converge.",
                alt=f"NMSE of the {family} methods against the number of active latents, at each noise level.",
                x_label="active latents K",
                y_label="NMSE",
                x_log=True,
                y_log=True,
                y_limits=(1e-5, 10.0),
            )
        )
    return panels


def _facet(nmse: pd.DataFrame, theory: pd.DataFrame, names: list[str], noise: float) -> SeriesFacet:
    line = theory[theory["noise_std"] == noise].sort_values("n_active")
    curves = [
        Curve(label, line["n_active"].to_numpy(float), line[column].to_numpy())
        for label, column in drawn_theory(theory).items()
        if line[column].notna().any()
    ]
    here = nmse[nmse["noise_std"] == noise]
    null = here[here["method"] == NULL].sort_values("n_active")
    if len(null) and NULL not in names:
        curves.append(Curve("chance", null["n_active"].to_numpy(float), null["mean"].to_numpy(), kind="chance"))
    series = []
    for name in names:
        part = here[here["method"] == name].sort_values("n_active")
        tips = [
            f"{name}, K = {row['n_active']}, σ = {noise:g}: NMSE {row['mean']:.3g} [{row['low']:.3g}, "
            f"{row['high']:.3g}], {row['n_failures']} of {row['n_trials']} trials failed"
            for row in part.to_dict("records")
        ]
        series.append(
            Series(
                name,
                part["n_active"].to_numpy(float),
                part["mean"].to_numpy(),
                np.maximum(part["low"].to_numpy(), 1e-12),
                part["high"].to_numpy(),
                flagged=part["n_failures"].to_numpy() > 0,
                tips=tips,
            )
        )
    return SeriesFacet(f"σ = {noise:g}", series, curves)


def _tip(row: dict) -> str:
    behind = (
        f", {row['behind_best_db']:.1f} dB [{row['behind_best_db_low']:.1f}, {row['behind_best_db_high']:.1f}] behind "
        "the best"
        if row["rank"] > 1
        else ""
    )
    return (
        f"{row['rank']}. {row['method']} ({row['family']}): {row['nmse_db']:.1f} dB [{row['nmse_db_low']:.1f}, "
        f"{row['nmse_db_high']:.1f}]{behind}; {row['cells_recovered']} of {row['n_cells']} cells recovered, "
        f"{row['failed_share']:.0%} of trials failed"
    )
