"""The study's report: sentences, pictures and tables from the rows alone."""

import pandas as pd

from bench.report.content import ReportContent
from bench.studies.identifiability import panels, tables
from bench.studies.identifiability.parameters import ASSUMPTIONS, Fixed
from bench.study import Results


def report(results: Results) -> ReportContent:
    """What the report shows; one row per network and method."""
    rows, fixed = results.rows, results.spec.fixed
    assumptions, objectives = tables.assumption_table(rows, fixed), tables.objective_table(rows, fixed)
    codings = tables.mcc_table(rows, fixed, "assumption")
    levels = {axis: tables.r2_table(rows, fixed, axis) for axis in tables.LEVELS}
    return ReportContent(
        title="Identifiability",
        question="Do networks hold the latents of a nonlinear world up to a linear map, and which of theory's "
        "assumptions matter for it?",
        sentences=[
            *_base(assumptions, fixed),
            *_broken(assumptions),
            *_objectives(objectives),
            *_coding(codings),
        ],
        panels=[
            *panels.broken(assumptions, objectives),
            *panels.sweeps(rows, fixed),
            *panels.coding(codings, results.spec.methods),
        ],
        tables={
            "assumptions": assumptions,
            "objectives": objectives,
            "coding": codings,
            **{axis: table for axis, table in levels.items() if len(table) > 1},
        },
        notes=_notes(fixed),
        failures=_failures(rows),
        no_failures="Nothing: no training diverged.",
    )


def _base(table: pd.DataFrame, fixed: Fixed) -> list[str]:
    base = table[table["assumption"] == "all-hold"] if len(table) else table
    if base.empty:
        return []
    row = base.iloc[0]
    word = "at least" if row["r2"] >= tables.HELD else "below"
    return [
        f"Where theory's assumptions hold (N = {fixed.base_n_latents} latents, a {fixed.base_depth}-layer invertible "
        f"generator, {fixed.base_n_classes} classes), a linear map reads {_number(row, 'r2')} of the latents' variance "
        f"from the representation, {word} {tables.HELD:g}; back, from latents to representation, "
        f"{_number(row, 'r2_back')}; from the observations themselves only {_number(row, 'r2_observed')}."
    ]


def _broken(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    wrong, fine = table[table["theory"] == "broken"], table[(table["theory"] == "holds") & (table["verdict"] != "base")]
    groups = (
        ("Broken assumptions that lower it", wrong[wrong["verdict"] == "lower"].sort_values("r2")),
        ("Broken assumptions that do not lower it here", wrong[wrong["verdict"] != "lower"]),
        ("Departures that theory allows, and that do not lower it", fine[fine["verdict"] != "lower"]),
        ("Departures that theory allows, but that lower it here", fine[fine["verdict"] == "lower"]),
    )
    return [
        f"{words}: {', '.join(_named(row, 'assumption') for row in part.to_dict('records'))}."
        for words, part in groups
        if len(part)
    ]


def _objectives(table: pd.DataFrame) -> list[str]:
    if len(table) < 2:
        return []
    return [f"By objective: {', '.join(_named(row, 'objective') for row in table.to_dict('records'))}."]


def _coding(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    sentences = []
    kinds = {"sparse-prior": "sparse", "laplace-prior": "Laplace-clustered", "all-hold": "rotation-symmetric"}
    for name, kind in kinds.items():
        part = table[table["assumption"] == name].set_index("method")
        after = part.drop(index=tables.REPRESENTATION, errors="ignore")
        if after.empty or tables.REPRESENTATION not in part.index:
            continue
        listed = ", ".join(f"{row['corrected']:.2f} after {method}" for method, row in after.iterrows())
        rotated = part.loc[tables.REPRESENTATION, "rotated"]
        sentences.append(
            f"With {kind} latents the chance-corrected MCC is {part.loc[tables.REPRESENTATION, 'corrected']:.2f} in "
            f"the representation and {listed}; the latents themselves, randomly rotated, have {rotated:.2f}."
        )
    return sentences


def _named(row: dict, axis: str) -> str:
    return f"{row[axis]} {row['r2']:.3f} [{row['r2_low']:.3f}, {row['r2_high']:.3f}]"


def _number(row: pd.Series, score: str) -> str:
    return f"{row[score]:.3f} [{row[f'{score}_low']:.3f}, {row[f'{score}_high']:.3f}]"


def _notes(fixed: Fixed) -> list[str]:
    return [
        "R² is of the best affine map on held-out samples: fitted to one half of the fresh samples and judged on the "
        "other, and the other way round; the mean over latents. It is 1 if h = f after g is affine and injective.",
        f"Base: classification, all assumptions hold; generator of {fixed.base_depth} square layers with condition "
        f"number {fixed.base_condition_number:g} and leaky ReLUs of slope {fixed.generator_slope:g}; "
        f"{fixed.base_n_classes} centres uniform on the sphere, concentration {fixed.concentration:g}; "
        f"{fixed.base_n_samples} samples; M = N. Every other setting departs from it in one respect.",
        "A departure is lower where the 95% interval of the difference to the base setting (Welch) is above 0.",
        *(f"{name}: {one.text}." for name, one in ASSUMPTIONS.items()),
        f"Encoders have {fixed.n_hidden_layers} hidden layers of {fixed.n_hidden} leaky ReLUs on whitened inputs and "
        f"train {fixed.n_steps} steps of Adam. Instance discrimination and InfoNCE have representations of unit norm. "
        "All train equally long, on however many samples there are, and nothing stops them from overfitting few.",
        "Learners find N atoms in centred representations. MCC is over all N latents, so that features that are not "
        f"there count as 0, corrected as (MCC - chance) / (1 - chance), chance being its mean over "
        f"{fixed.n_permutations} random orders of the samples.",
        "Intervals are 95% Student t intervals over networks, each with a world of its own.",
    ]


def _failures(rows: pd.DataFrame) -> list[str]:
    bad = rows[(rows["method"] == tables.REPRESENTATION) & rows["loss"].isna()]
    return [f"{row.objective}, {row.assumption}, trial {row.trial}: training diverged" for row in bad.itertuples()]
