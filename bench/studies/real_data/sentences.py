"""What the tables say, in sentences."""

from typing import Any

import pandas as pd

from bench.studies.real_data import tables
from bench.studies.real_data.decompose import RAW

_MOST_NAMED = 6


def downstream(table: pd.DataFrame) -> list[str]:
    """Per network: how often codes are better or worse than raw activations, and by how much at most."""
    if "difference" not in table:
        return []
    lines = []
    for source in dict.fromkeys(table["source"]):
        part = table[(table["source"] == source) & ~table["method"].isin((RAW, *tables.REFERENCES))]
        if part.empty:
            continue
        counts = part["verdict"].value_counts()
        better, worse = int(counts.get("better", 0)), int(counts.get("worse", 0))
        n_trials = int(part["n_trials"].iloc[0])
        text = (
            f"Network {source}: of {len(part)} comparisons of codes with raw activations ({part['method'].nunique()} "
            f"learners, {part['task'].nunique()} tasks, {n_trials} trials), codes are better in {better}, worse in "
            f"{worse}, and not told apart in {len(part) - better - worse}."
        )
        lines.append(text + _extreme(part, "better", "Largest gain") + _extreme(part, "worse", "Largest loss"))
    return lines


def _extreme(part: pd.DataFrame, verdict: str, words: str) -> str:
    there = part[part["verdict"] == verdict]
    if there.empty:
        return f" {words}: none whose interval leaves out 0."
    table: Any = there
    row = table.loc[table["difference"].idxmax() if verdict == "better" else table["difference"].idxmin()]
    return (
        f" {words}: {row['method']}, {row['task']}, {row['difference']:+.3f} "
        f"[{row['difference_low']:+.3f}, {row['difference_high']:+.3f}] from {row['raw']:.3f}."
    )


def by_task(table: pd.DataFrame) -> list[str]:
    """Tasks in which every learner that is told apart is on the same side."""
    if "difference" not in table:
        return []
    lines = []
    part = table[~table["method"].isin((RAW, *tables.REFERENCES))]
    for source, own in part.groupby("source", sort=False):
        sides = own.groupby("task", sort=False)["verdict"].agg(set)
        ahead = [str(task) for task, found in sides.items() if "better" in found and "worse" not in found]
        behind = [str(task) for task, found in sides.items() if "worse" in found and "better" not in found]
        texts = [f"{words} {_some(names)}" for words, names in (("ahead in", ahead), ("behind in", behind)) if names]
        if len(texts) == 2:
            lines.append(
                f"Network {source}: some codes are ahead of the raw activations, and none behind, in "
                f"{_some(ahead)}; some behind, and none ahead, in {_some(behind)}."
            )
        elif texts:
            lines.append(f"Network {source}: codes that can be told apart are {texts[0]}.")
    return lines


def _some(names: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return "; ".join(names[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def explanation(table: pd.DataFrame) -> list[str]:
    """How far single features explain, against raw coordinates and chance."""
    lines = []
    for source in dict.fromkeys(table["source"]) if "difference" in table else ():
        part = table[(table["source"] == source)]
        texts = []
        for task, own in part.groupby("task", sort=False):
            codes = own[~own["method"].isin((RAW, *tables.REFERENCES))]
            if codes.empty or RAW not in set(own["method"]):
                continue
            best: Any = codes.loc[codes["mean"].idxmax()]
            raw_chance = float(own.loc[own["method"] == RAW, "chance"].iloc[0])
            texts.append(
                f"{task} {best['mean']:.2f} ({best['method']}, chance {best['chance']:.2f}) against {best['raw']:.2f} "
                f"(chance {raw_chance:.2f}), {best['verdict']}"
            )
        if texts:
            lines.append(f"Explanation, {source}, best codes against raw activations: {'; '.join(texts)}.")
    return lines


def photographs(table: pd.DataFrame) -> list[str]:
    """Whose atoms are edges, against what has no sparsity, no learning, or nothing to learn."""
    if table.empty:
        return []
    real: Any = table[table["source"] == "photographs"].set_index("method")
    learners = real.drop([name for name in (RAW, *tables.REFERENCES) if name in real.index])
    if learners.empty:
        return []
    best = learners["edges"].idxmax()
    row: Any = real.loc[best]
    low, high = _percent(row["edges_low"]), _percent(row["edges_high"])
    text = f"Photographs: {_percent(row['edges'])} [{low}, {high}] of the atoms of {best} are localised, oriented edges"
    others = [f"{name} {_percent(real.loc[name, 'edges'])}" for name in real.index if name != best]
    text += f"; of the others: {', '.join(others)}." if others else "."
    scrambled: Any = table[table["source"] == "scrambled"].set_index("method")
    if best in scrambled.index:
        there: Any = scrambled.loc[best]
        text += (
            f" From the same photographs with random phases {best} learns {_percent(there['edges'])} "
            f"[{_percent(there['edges_low'])}, {_percent(there['edges_high'])}] edges."
        )
    lines = [text]
    if "pca" in real.index and "behind" in real:
        gap: Any = real.loc["pca"]
        if real["edges"].idxmax() == best:
            lines.append(
                f"{best} is ahead of principal components by {_percent(gap['behind'])} [{_percent(gap['behind_low'])}, "
                f"{_percent(gap['behind_high'])}] of the atoms, on the same patches."
            )
    return lines


def failed(rows: pd.DataFrame) -> str:
    """How many fits failed."""
    n_failed = int(rows["failed"].sum())
    if not n_failed:
        return f"All {len(rows)} fits and their codes converged."
    return f"{n_failed} of {len(rows)} fits, or their codes, did not converge or became non-finite; they are listed."


def _percent(share: float) -> str:
    """Whole percents; an end of an interval just below 0 is 0."""
    return f"{share:.0%}".replace("-0%", "0%")
