"""From runs to ratios."""

import numpy as np
import pandas as pd

from analysis.statistics import mean_interval
from bench.compare.contest import Contest


def summary(runs: pd.DataFrame, contest: Contest) -> pd.DataFrame:
    """A row per entrant of one contest: seconds, scores, and the ratio to the fastest of ours.

    `ratio` is the geometric mean over rounds of an entrant's seconds by those of our fastest entrant on the same
    problem, with a 95% Student t interval of the logarithm (none for a single round); `ratio_with_start` is the same
    of median seconds plus what starting took, once. Our fastest is the one with the least median.
    """
    medians = runs.groupby("entrant", sort=False)["seconds"].median()
    ours = runs[runs["package"] == "superposed"]["entrant"].unique()
    best = medians[ours].idxmin()
    reference = runs[runs["entrant"] == best].set_index("round")
    records = []
    for name, part in runs.groupby("entrant", sort=False):
        part = part.set_index("round")
        logs = np.log(part["seconds"] / reference["seconds"].reindex(part.index)).to_numpy()
        ratio = mean_interval(logs) if len(logs) > 1 else None
        started = float(part["start_seconds"].iloc[0])
        first = medians[name] + started
        records.append(
            {
                "contest": contest.name,
                "entrant": name,
                "package": part["package"].iloc[0],
                "version": part["version"].iloc[0],
                "seconds": float(medians[name]),
                "fastest_seconds": float(part["seconds"].min()),
                "start_seconds": started,
                "ratio": float(np.exp(logs.mean())),
                "ratio_low": float(np.exp(ratio.low)) if ratio is not None else np.nan,
                "ratio_high": float(np.exp(ratio.high)) if ratio is not None else np.nan,
                "ratio_with_start": first / (medians[best] + float(reference["start_seconds"].iloc[0])),
                "processor_seconds": float(part["processor_seconds"].median()),
                "n_rounds": len(part),
                **{score: float(part[score].mean()) for score in contest.better},
            }
        )
    return pd.DataFrame.from_records(records)


def sentence(table: pd.DataFrame, contest: Contest) -> str:
    """Who was how much faster, and at what quality."""
    best = table[table["package"] == "superposed"].sort_values("seconds").iloc[0]
    texts = []
    for row in table[table["package"] != "superposed"].to_dict("records"):
        low, high = row["ratio_low"], row["ratio_high"]
        interval = f" [{low:.2g}, {high:.2g}]" if np.isfinite(low) else ""
        texts.append(
            f"{row['entrant']} takes {row['ratio']:.3g}{interval} times as long "
            f"({row['ratio_with_start']:.3g} with starting)"
        )
    scores = [
        f"{name.replace('_', ' ')} "
        + ", ".join(f"{row[name]:.4g} ({row['entrant']})" for row in table.to_dict("records"))
        for name in contest.better
    ]
    against = "; ".join(texts) if texts else "no other package is installed"
    return f"{contest.title}: {best['entrant']} {best['seconds']:.3g} s; {against}. {'; '.join(scores)}."
