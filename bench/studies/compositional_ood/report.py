"""The study's report: ours beside the published figures, from the rows alone."""

import pandas as pd

from analysis.figures import Panel, RankFacet, rank_plot
from bench.report.content import ReportContent
from bench.status import MOST_UNCONVERGED, trial_failed
from bench.studies.compositional_ood import tables
from bench.studies.compositional_ood.parameters import Fixed
from bench.study import Results, Spec

NOTABLE = 0.05
"""Means of ours and the published ones that are farther apart than this are named."""

_LABELS = {"mcc_iid": "MCC in distribution", "mcc_ood": "MCC out of distribution"}


def report(results: Results) -> ReportContent:
    """What the report shows; one row per cell, method and trial."""
    summary = tables.summary_table(results.rows)
    comparison = tables.comparison_table(summary)
    return ReportContent(
        title="Compositional generalisation",
        question="Which methods read latents right in combinations they have never seen, and which find the dictionary "
        "at scale?",
        sentences=[*_leaders(comparison), *_differences(comparison)],
        panels=_panels(comparison),
        tables={"summary": summary, "comparison": comparison},
        notes=_notes(results.spec),
        failures=_failures(results.rows),
    )


def _cells(comparison: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [
        (f"N = {n_latents}, K = {n_active}, {n_samples} samples", part)
        for (n_latents, n_active, n_samples), part in comparison.groupby(tables.CELL, sort=True)  # pyright: ignore
    ]


def _leaders(comparison: pd.DataFrame) -> list[str]:
    sentences = []
    for cell, part in _cells(comparison):
        ood = part[part["score"] == "mcc_ood"]
        blind = ood[~ood["method"].isin(["linear-probe"]) & ~ood["method"].str.contains("oracle")]
        if blind.empty:
            continue
        best = blind.sort_values("ours").iloc[-1]
        text = (
            f"{cell}: of the methods that are not given the dictionary, {best['method']} reads codes best out of "
            f"distribution, MCC {best['ours']:.3f} [{best['ours_low']:.3f}, {best['ours_high']:.3f}] (chance "
            f"{best['chance']:.3f})"
        )
        oracle = ood[ood["method"] == "fista-oracle"]
        if len(oracle):
            one = oracle.iloc[0]
            published = "" if pd.isna(one["published"]) else f" here and {one['published']:.3f} as published"
            text += f"; FISTA with the true dictionary has {one['ours']:.3f}{published}"
        sentences.append(f"{text}.")
    return sentences


def _differences(comparison: pd.DataFrame) -> list[str]:
    known = comparison[comparison["published"].notna()]
    if known.empty:
        return ["No published figure belongs to these cells."]
    far = known[known["difference"].abs() > NOTABLE]
    lines = [
        f"{len(known) - len(far)} of {len(known)} means are within {NOTABLE:g} of the published ones; `comparison.csv` "
        "has them all."
    ]
    for (n_latents, method), part in far.groupby(["n_latents", "method"], sort=False):
        texts = [
            f"{row['score']} {row['ours']:.2f} (published {row['published']:.2f})" for row in part.to_dict("records")
        ]
        lines.append(f"N = {n_latents}, {method} differs: {', '.join(texts)}.")
    return lines


def _panels(comparison: pd.DataFrame) -> list[Panel]:
    panels = []
    for index, (cell, part) in enumerate(_cells(comparison)):
        facets = []
        for score, label in _LABELS.items():
            ours = part[part["score"] == score].sort_values("ours", ascending=False)
            theirs = ours[ours["published"].notna()]
            labels = [*ours["method"], *(f"{name}, published" for name in theirs["method"])]
            table = pd.DataFrame(
                {
                    "label": labels,
                    "value": [*ours["ours"], *theirs["published"]],
                    "low": [*ours["ours_low"], *theirs["published"]],
                    "high": [*ours["ours_high"], *theirs["published"]],
                    "group": ["measured here"] * len(ours) + ["published"] * len(theirs),
                }
            ).sort_values("value", ascending=False)
            facets.append(
                RankFacet(
                    label,
                    table["label"].tolist(),
                    table["value"].to_numpy(),
                    table["low"].clip(0, 1).to_numpy(),
                    table["high"].clip(0, 1).to_numpy(),
                    table["group"].tolist(),
                    tips=[f"{row['label']}: {row['value']:.3f}" for row in table.to_dict("records")],
                    chance={"chance, highest of any method": float(ours["chance"].max())},
                )
            )
        panels.append(
            rank_plot(
                facets,
                name=f"mcc-{index}",
                title=f"Correlation with the true latents: {cell}",
                caption="Mean MCC over seeds, raw, with 95% intervals; published means over 3 seeds. Further right is "
                "better. Dotted: the same codes, samples in a random order.",
                alt=f"Ranked MCC of all methods, measured here and published, {cell}.",
                x_label="MCC",
            )
        )
    return panels


def _notes(spec: Spec) -> list[str]:
    fixed: Fixed = spec.fixed
    return [
        "Exactly K latents active, uniform on [0, 1]; Gaussian dictionary with unit columns, M = ceil(2 K ln(N / K)), "
        "no noise. In distribution latent 0 meets only the first half of the others, out of distribution the last.",
        "Half of the samples are to learn from; as many fresh ones are scored in, and out of, distribution. The "
        "published dictionaries of DL-FISTA and softplus-Adam were learned on the very samples on which their scores "
        "in distribution are taken; here all methods learn on other samples.",
        f"The label is z_0 > {fixed.label_threshold:g}. Accuracy: a logistic regression on all codes in distribution, "
        "scored on these and out of distribution. It has no penalty, as published; where codes separate the labels it "
        "has no minimum, and out of distribution its accuracy depends on where the descent stops, even for the true "
        "codes. AUC: the single code that is best in distribution.",
        "MCC: Pearson, matched one to one, latents that are never active left out. Its chance level is that of the "
        "same codes with their samples in a random order; corrected is (MCC - chance) / (1 - chance). Published MCC "
        "are not corrected.",
        f"Autoencoders and softplus-Adam take {fixed.training_steps} steps here, of the published about 20,000 and "
        "50,000. DL-FISTA: 100 dictionary updates with 20 FISTA steps each, published 1,000.",
        "linear-probe is fitted to the true codes; fista-oracle is given the true dictionary. All others see "
        "observations alone, and are told K and that codes are >= 0. bilinear-amp also assumes uniform amplitudes.",
        "Intervals are 95% Student t intervals over seeds, each a dictionary and samples of its own.",
        f"A trial counts as failed where more than {MOST_UNCONVERGED:.0%} of its samples did not converge.",
    ]


def _failures(rows: pd.DataFrame) -> list[str]:
    failed = trial_failed(rows)
    lines = []
    for keys, part in rows[failed].groupby([*tables.CELL, "method"], sort=True):
        n_latents, n_active, n_samples, method = keys  # pyright: ignore[reportGeneralTypeIssues]
        lines.append(f"{method}, N = {n_latents}, K = {n_active}, {n_samples} samples: {len(part)} trials")
    return lines
