"""The audit's report: tables, pictures and sentences from the rows alone."""

import pandas as pd

from bench.report.content import ReportContent
from bench.studies.metric_audit import panels, sentences, tables
from bench.studies.metric_audit.parameters import Fixed
from bench.studies.metric_audit.scores import LABELS
from bench.study import Results, Spec
from recovery.solution import Status


def report(results: Results) -> ReportContent:
    """What the report shows; one row per condition, size, family and trial, and per learner, size and trial."""
    learners = list(results.spec.plugins)
    rows = tables.by_estimate(results.rows, learners)
    scores = tables.score_table(rows)
    chances, blindness = tables.chance_table(scores), tables.blindness_table(scores)
    return ReportContent(
        title="Metric audit",
        question="What does each metric say of an estimate whose fault is known, and which of them mislead without "
        "their chance level?",
        sentences=[
            *sentences.chance(scores, chances),
            *sentences.blindness(blindness),
            *sentences.relabelling(scores),
            *sentences.learners(scores, learners),
        ],
        panels=panels.maps(scores),
        tables={
            "blindness": blindness,
            "chance": chances,
            "metrics": tables.definition_table(scores),
            "scores": scores,
        },
        notes=_notes(results.spec),
        failures=[*_failed_fits(rows, learners), *_undefined(rows)],
        failures_title="Scores that came out undefined",
        no_failures="None: every score was a number wherever it is defined.",
    )


def _notes(spec: Spec) -> list[str]:
    fixed: Fixed = spec.fixed
    return [
        f"Codes: exactly {fixed.density:g} N latents active, at least one, of half-normal magnitude; dictionary: "
        f"Gaussian with unit norm, M/N = {fixed.undersampling:g}. Each trial is its own dictionary, and every point "
        "its own samples.",
        f"Chance is the mean over {fixed.n_shuffles} random orders of the estimate's samples and unrelated "
        "dictionaries of the same shape; it is measured for every condition by itself. A score is corrected as "
        "(score - chance) / (1 - chance), a chance below 0 taken as 0.",
        "A metric counts as blind to a fault where, at the largest size, its corrected score is at least "
        f"{tables.BLIND:g} of the truth's. Distances d enter as 1 - d²/2, rates as 1 - rate.",
        f"Estimated latents count as active above {fixed.activity_threshold:g}; aligned codes are matched one to one "
        "by correlation and scaled by least squares. Items are embedded by their true codes and labelled by the "
        "largest.",
        "Stability compares two estimates with the same fault, made apart from other random numbers: it needs no "
        "truth, and a wrong dictionary that comes back is stable.",
        "Splitting, absorption, dead and duplicate atoms look for one fault each: that they do not tell unrelated "
        "codes from the truth is not held against them, and they are not corrected.",
        "Intervals are 95% Student t intervals over trials; those of corrected scores hold what is not known of the "
        "chance level, which is paired with its score trial by trial.",
        *_of_learners(spec),
    ]


def _of_learners(spec: Spec) -> list[str]:
    if not spec.plugins:
        return []
    return [
        f"{', '.join(spec.plugins)}: fitted to the observations of the truth, without noise, as many atoms as latents; "
        "told sizes, that codes are >= 0, and how many are active. Codes are those of the same observations, by the "
        "fit's own encoder; stability is that of two fits with different keys.",
    ]


def _failed_fits(rows: pd.DataFrame, learners: list[str]) -> list[str]:
    """Fits that became non-finite."""
    lines = []
    for keys, part in rows[rows["method"].isin(learners)].groupby([*tables.SIZE, "method"], sort=True):
        failed = int((part["fit_status"] == Status.NON_FINITE).sum())
        if failed:
            n_latents, n_samples, name = keys
            lines.append(f"{name}, N = {n_latents}, {n_samples} samples: {failed} of {len(part)} fits not finite")
    return lines


def _undefined(rows: pd.DataFrame) -> list[str]:
    """Scores that are nan or infinite where other trials of the same kind are numbers."""
    lines = []
    names = [name for name in LABELS if name in rows]
    for keys, part in rows.groupby([*tables.SIZE, "condition", "method"], sort=True):
        for name in names:
            bad = part[name].isna().sum()
            if 0 < bad < len(part):
                n_latents, n_samples, condition, _ = keys
                lines.append(f"{name}, {condition}, N = {n_latents}, {n_samples} samples: {bad} of {len(part)} trials")
    return lines
