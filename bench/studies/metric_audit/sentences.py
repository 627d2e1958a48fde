"""What the audit's numbers say, in words."""

from collections.abc import Iterable

import pandas as pd

from bench.studies.metric_audit import tables
from bench.studies.metric_audit.scores import LABELS

HIGH_CHANCE = 0.25
"""Unrelated codes that score more than this are worth a warning."""

OF_A_LEARNER = ("mcc", "matched_cosine", "support_f1", "explained", "r2_held_out")
"""What a sentence says of an estimate that was learned."""


def chance(scores: pd.DataFrame, chances: pd.DataFrame) -> list[str]:
    """Which raw scores are high for unrelated codes, and what the MCC comes to with few and many samples."""
    if chances.empty:
        return []
    few, many = int(chances["n_samples"].min()), int(chances["n_samples"].max())
    n_latents = int(chances["n_latents"].max())
    part = chances[(chances["n_latents"] == n_latents) & ~chances["metric"].isin(tables.WITHOUT_TRUTH)]
    here = part[part["n_samples"] == few].set_index("metric")["mean"].sort_values(ascending=False)
    there = part[part["n_samples"] == many].set_index("metric")["mean"]
    high = [name for name in here.index if here[name] > HIGH_CHANCE]
    size = f"{n_latents} latents"
    if not high:
        return [f"With {few} samples of {size} no raw score of unrelated codes is above {HIGH_CHANCE:g}."]
    more = few < many
    listed = ", ".join(f"{LABELS[n]} {here[n]:.2f}" + (f" ({there[n]:.2f})" if more else "") for n in high)
    samples = f"{few} samples" + (f" (with {many})" if more else "")
    text = f"Misleading without their chance level: unrelated codes of {size} score, with {samples}, {listed}."
    return [text, *_mcc(scores, part, few, many)]


def _mcc(scores: pd.DataFrame, chances: pd.DataFrame, few: int, many: int) -> list[str]:
    mcc = chances[chances["metric"] == "mcc"].set_index("n_samples")
    if mcc.empty or few == many:
        return []
    n_latents = int(chances["n_latents"].max())
    corrected = [
        tables.at_size(scores[(scores["metric"] == "mcc") & (scores["condition"] == "unrelated")], n_latents, n)
        for n in (few, many)
    ]
    columns = ["corrected", "corrected_low", "corrected_high"]
    after = ["{:+.3f} [{:+.3f}, {:+.3f}]".format(*part[columns].to_numpy(float)[0]) for part in corrected]
    return [
        f"The raw MCC of unrelated codes is {mcc['mean'][few]:.2f} with {few} samples and {mcc['mean'][many]:.2f} with "
        f"{many}; theory for Gaussian codes says {mcc['theory'][few]:.2f} and {mcc['theory'][many]:.2f}, less than "
        f"sparse codes reach. Corrected for chance it is {after[0]} and {after[1]}."
    ]


def blindness(table: pd.DataFrame) -> list[str]:
    """Which faults each metric does not see."""
    if table.empty:
        return []
    sentences = []
    for fault in (f for f in tables.FAULTS if f in table and f != "unrelated"):
        missed = table[table[fault] >= tables.BLIND]["metric"]
        seen = table[table[fault] < tables.BLIND].sort_values(fault)
        if seen.empty:
            continue
        names = ", ".join(LABELS[name] for name in missed) or "none"
        lowest = ", ".join(f"{LABELS[row['metric']]} {row[fault]:.2f}" for row in seen.head(3).to_dict("records"))
        sentences.append(
            f"{fault.capitalize()}: at or above {tables.BLIND:.0%} of the truth's score (chance corrected): {names}. "
            f"Lowest: {lowest}."
        )
    return sentences


def learners(scores: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """What the metrics say of each learner's estimate at the largest size, and how far they are from agreeing."""
    sentences = []
    for name in names:
        here = scores[scores["condition"] == name]
        if here.empty:
            sentences.append(f"Learned by {name}: no score is a number.")
            continue
        part = tables.largest(here).set_index("metric")
        said = ", ".join(
            f"{LABELS[metric]} {part['mean'][metric]:.2f} (chance {part['chance'][metric]:.2f})"
            for metric in OF_A_LEARNER
            if metric in part.index
        )
        text = (
            f"Learned by {name} from {part['n_samples'].iloc[0]} observations of {part['n_latents'].iloc[0]} latents: "
            f"{said}."
        )
        corrected = part["corrected"].dropna().sort_values()
        if len(corrected) > 1:
            low, high = (f"{corrected.iloc[i]:.2f} ({LABELS[str(corrected.index[i])]})" for i in (0, -1))
            text += f" Corrected for chance, its scores run from {low} to {high}."
        sentences.append(text)
    return sentences


def relabelling(scores: pd.DataFrame) -> list[str]:
    """Which scores change with the order and scale of the latents, which the data do not determine."""
    wide = tables.largest(scores).pivot_table(index="metric", columns="condition", values="mean", dropna=False)
    if not {"same", "relabelled"} <= set(wide):
        return []
    change = (wide["relabelled"] - wide["same"]).reindex([name for name in LABELS if name in wide.index])
    moved = change[change.abs() > 0.02]
    if moved.empty:
        return ["Order and scale of the latents change no score by more than .02."]
    listed = ", ".join(f"{LABELS[str(name)]} {value:+.2f}" for name, value in moved.items())
    return [f"Order and scale alone, which the data do not determine, change these scores: {listed}."]
