"""The study's tables, from the rows alone."""

import numpy as np
import pandas as pd

from analysis.statistics import mean_interval
from bench.studies.compositional_ood.parameters import SCORES, SPLITS, n_dims_of, published

CELL = ["n_latents", "n_active", "n_samples"]
METRICS = tuple(f"{score}_{split}" for score in (*SCORES, "mcc_corrected") for split in SPLITS)


def summary_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per method, cell and seed (the trial): accuracy, AUC, MCC and the MCC corrected for chance."""
    table = rows.assign(
        seed=rows["trial"],
        n_dims=[n_dims_of(int(n), int(k)) for n, k in zip(rows["n_latents"], rows["n_active"], strict=True)],
    )
    for split in SPLITS:
        room = 1 - table[f"mcc_chance_{split}"]
        table[f"mcc_corrected_{split}"] = (table[f"mcc_{split}"] - table[f"mcc_chance_{split}"]) / room
    if "dictionary_cosine" not in table:
        table["dictionary_cosine"] = np.nan
    chances = [f"mcc_chance_{split}" for split in SPLITS]
    columns = ["method", "n_latents", "n_active", "n_dims", "n_samples", "seed", *METRICS, *chances]
    return table[[*columns, "dictionary_cosine"]].reset_index(drop=True)


def comparison_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Per cell, method and score: our mean with its 95% t interval, the published mean, and the difference.

    `ours_corrected` and `chance` are of the MCC. `published` is nan where that cell or method was not published.
    """
    known = published().set_index(["method", *CELL])
    records = []
    for keys, part in summary.groupby(["method", *CELL], sort=False):
        for score in SCORES:
            for split in SPLITS:
                column = f"{score}_{split}"
                found = mean_interval(part[column].to_numpy())
                theirs = float(known.loc[keys, f"{column}_mean"]) if keys in known.index else np.nan  # pyright: ignore
                corrected = score == "mcc"
                records.append(
                    {
                        **dict(zip(["method", *CELL], keys, strict=True)),  # pyright: ignore[reportArgumentType]
                        "score": column,
                        "ours": float(found.estimate),
                        "ours_low": float(found.low),
                        "ours_high": float(found.high),
                        "published": theirs,
                        "difference": float(found.estimate) - theirs,
                        "chance": part[f"mcc_chance_{split}"].mean() if corrected else np.nan,
                        "ours_corrected": part[f"mcc_corrected_{split}"].mean() if corrected else np.nan,
                        "n_seeds": len(part),
                    }
                )
    return pd.DataFrame.from_records(records)
