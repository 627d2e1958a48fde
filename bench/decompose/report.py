"""The report of a decomposition, from its summary and its table of atoms alone."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from analysis.figures import Panel, Series, SeriesFacet, cut_plot
from bench.decompose.records import Summary
from bench.decompose.tally import N_TOP
from bench.report import ReportContent

_MOST_POINTS = 400
"""Atoms that are drawn; of more, as many evenly spaced ranks."""


def sentences(summary: Summary) -> list[str]:
    """What came out, in words."""
    s = summary
    found = "as the rows tell" if s.settings.sign == "auto" else "as asked"
    said = [
        f"{s.n_atoms} atoms explain {s.explained_variance:.1%} of the variance of {s.n_held_out} held-out rows with "
        f"{s.mean_active:.1f} active per row; {s.dead_atoms} dead, {s.duplicate_atoms} duplicates.",
        f"Codes are {'non-negative' if s.code_sign == 'nonnegative' else 'of either sign'}, {found}.",
    ]
    if s.not_converged:
        said.append(f"The encoder did not converge on {s.not_converged} of {s.n_samples} rows.")
    return said


def content_of(summary: Summary, atoms: pd.DataFrame) -> ReportContent:
    """What the page shows; `atoms` has a row an atom."""
    s = summary
    failures = [] if not s.not_converged else [f"encoder: {s.not_converged} of {s.n_samples} rows"]
    return ReportContent(
        title=f"Decomposition of {Path(s.source).name} by {s.method}",
        question="What are these activations made of, and how much of them do sparse codes explain?",
        sentences=[
            *sentences(s),
            "A dictionary that explains the data need not be the true one: `superposed diagnose` says how far to trust "
            "it.",
        ],
        panels=[_uses(s, atoms), _active(s), _nearest(atoms)],
        tables={"atoms": atoms},
        notes=[
            f"{s.n_train} rows were learned from, {s.n_held_out} others held out; codes are those of all {s.n_samples} "
            f"rows of {s.n_dims} dimensions.",
            "y = D z + offset. Explained variance: 1 - sum |y - D z - offset|² / sum |y - mean|² over held-out rows, "
            "the mean being that of the rows learned from.",
            f"Atoms are numbered from 0, as the columns of the codes; top rows are the {N_TOP} rows of the file, from "
            "0, with the largest |code|. Duplicates have another atom with a |cosine| of .95 or more.",
            *(f"Left out: {one}." for one in s.left_out),
        ],
        failures=failures,
    )


def spec_text(summary: Summary) -> str:
    """What was asked, a line each."""
    settings = {"source": summary.source, "method": summary.method_source, **msgspec.structs.asdict(summary.settings)}
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())


def _uses(summary: Summary, atoms: pd.DataFrame) -> Panel:
    order = atoms.sort_values("share_of_rows", ascending=False, kind="stable")
    order = order[order["share_of_rows"] > 0]
    rank, shown = _drawn(len(order))
    part = order.iloc[shown]
    tips = [
        f"atom {atom}: active in {share:.2%} of rows, mean |code| {size:.3g}"
        for atom, share, size in zip(part["atom"], part["share_of_rows"], part["mean_size"], strict=True)
    ]
    series = Series("atoms", rank, part["share_of_rows"].to_numpy(), tips=tips)
    most = order["share_of_rows"].max() if len(order) else 0.0
    return cut_plot(
        [SeriesFacet("", [series])],
        name="uses",
        title="How often atoms are active",
        caption="Share of rows in which each atom is active, most used first; dead atoms are left out.",
        alt=f"{len(order)} of {summary.n_atoms} atoms are used, the most used in {most:.1%} of rows.",
        x_label="rank",
        y_label="share of rows",
        y_log=True,
    )


def _active(summary: Summary) -> Panel:
    counts = np.array(summary.rows_by_active, float)
    k = np.arange(counts.size, dtype=float)
    tips = [f"{int(n)} rows with {i} active" for i, n in enumerate(counts)]
    return cut_plot(
        [SeriesFacet("", [Series("rows", k, counts / counts.sum(), tips=tips)])],
        name="active",
        title="Active atoms per row",
        caption="Share of rows by the number of atoms that are active in them.",
        alt=f"Rows have {summary.mean_active:.1f} active atoms on average, at most {counts.size - 1}.",
        x_label="active atoms",
        y_label="share of rows",
    )


def _nearest(atoms: pd.DataFrame) -> Panel:
    values = np.sort(atoms["nearest_cosine"].to_numpy())[::-1]
    rank, shown = _drawn(values.size)
    series = Series("atoms", rank, values[shown])
    return cut_plot(
        [SeriesFacet("", [series])],
        name="nearest",
        title="How near atoms come to each other",
        caption="Each atom's largest |cosine| with another one, largest first. The first is the dictionary's mutual "
        "coherence.",
        alt=f"The largest |cosine| of two atoms is {values[0]:.2f}, the median atom's {np.median(values):.2f}.",
        x_label="rank",
        y_label="|cosine| with the nearest atom",
        y_limits=(0.0, 1.02),
    )


def _drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks from 1, and their places, at most `_MOST_POINTS`."""
    shown = np.unique(np.linspace(0, max(n - 1, 0), min(n, _MOST_POINTS)).round().astype(int)) if n else np.arange(0)
    return shown + 1.0, shown
