"""One report of all figures: what the paper shows, what was measured, and whether a rule calls them the same."""

import pandas as pd

from bench.report.content import ReportContent
from bench.studies.toy_superposition.experiment import Judgement
from bench.studies.toy_superposition.experiments import EXPERIMENTS
from bench.study import Results


def judgements(results: Results) -> dict[str, Judgement]:
    """The judgement of every figure of which there are rows."""
    return {name: EXPERIMENTS[name].judge(rows, results.spec.fixed) for name, rows in _by_figure(results.rows).items()}


def report(results: Results) -> ReportContent:
    """What the report shows; one row per network."""
    fixed, figures = results.spec.fixed, _by_figure(results.rows)
    judged = judgements(results)
    broken = results.rows[results.rows["loss"].isna()]
    return ReportContent(
        title="Toy models of superposition",
        question="Do the figures of Elhage et al. (2022) come out again, measured by somebody else's code?",
        sentences=[
            f"{len([one for one in judged.values() if one.passed])} of {len(judged)} figures pass.",
            *(f"{name}: {'passes' if one.passed else 'differs'} - {one.ours}." for name, one in judged.items()),
        ],
        panels=[panel for name, rows in figures.items() for panel in EXPERIMENTS[name].panels(rows, fixed)],
        tables={
            "judgements": judgement_table(judged),
            **{name: EXPERIMENTS[name].table(rows, fixed) for name, rows in figures.items()},
        },
        notes=[
            *(f"{name} passes where: {EXPERIMENTS[name].rule}" for name in figures),
            "All networks train by Adam on fresh samples at every step; losses are of fresh samples after training.",
        ],
        failures=[
            f"{row.figure}, density {row.density:g}, importance {row.importance:g}, seed {row.trial}: training diverged"
            for row in broken.itertuples()
        ],
        no_failures="Nothing: no training diverged.",
    )


def judgement_table(judged: dict[str, Judgement]) -> pd.DataFrame:
    """Per figure: the paper's, ours, the rule, and whether it passes."""
    return pd.DataFrame(
        [
            {
                "figure": name,
                "section": EXPERIMENTS[name].section,
                "paper": EXPERIMENTS[name].paper,
                "ours": one.ours,
                "rule": EXPERIMENTS[name].rule,
                "verdict": "pass" if one.passed else "differs",
            }
            for name, one in judged.items()
        ]
    )


def _by_figure(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each figure, without the columns that are other figures'."""
    return {
        name: rows[rows["figure"] == name].dropna(axis=1, how="all").reset_index(drop=True)
        for name in EXPERIMENTS
        if (rows["figure"] == name).any()
    }
