"""The report: tables, pictures and sentences from the rows alone, and a page on which a person finds intruders."""

import numpy as np
import pandas as pd

from bench.intrusion import Picture, Task, intrusion_page
from bench.report.content import Attachment, ReportContent
from bench.studies.real_data import panels, sentences, tables
from bench.studies.real_data.conditions import UNITS
from bench.studies.real_data.images import N_STRIPS, SIDE
from bench.studies.real_data.networks import LABELS_PER_CLASS, N_DRAWS, N_INTRUSION, images_of
from bench.studies.real_data.parameters import NETWORKS, SOURCES, Fixed
from bench.study import Results, Spec

TASKS_PER_METHOD = 6


def report(results: Results) -> ReportContent:
    """What the report shows; one row per source, trial and method."""
    rows, fixed = tables.judge(results.rows), results.spec.fixed
    networks = rows[rows["source"].isin(NETWORKS)]
    downstream = tables.comparison_table(networks, tables.DOWNSTREAM)
    explanation = tables.explanation_table(networks)
    atoms = tables.atom_table(rows, fixed.patch_side)
    edges = tables.edge_table(atoms) if len(atoms) else pd.DataFrame()
    shown = {"downstream": downstream, "explanation": explanation, "edges": edges}
    return ReportContent(
        title="Real data",
        question="What are sparse codes of a trained network's activations good for, beside the activations as they "
        "are, and does a dictionary of photographs show edges?",
        sentences=[
            *sentences.downstream(downstream),
            *sentences.by_task(downstream),
            *sentences.explanation(explanation),
            *sentences.photographs(edges),
            sentences.failed(rows),
        ],
        panels=[
            *panels.differences(downstream),
            *panels.robustness(downstream),
            *panels.few_labels(downstream),
            *panels.explanation(networks, explanation),
            *panels.edges(edges),
            *panels.atoms(rows, atoms, fixed.patch_side),
        ],
        tables={
            **{name: table for name, table in shown.items() if len(table)},
            "description": tables.description_table(rows),
        },
        notes=_notes(results.spec),
        failures=_failures(rows),
        attachments=_intrusion(networks),
    )


def _intrusion(rows: pd.DataFrame) -> list[Attachment]:
    """The page, and its key, of the first network's first trial."""
    if rows.empty:
        return []
    first = rows[(rows["source"] == rows["source"].iloc[0]) & (rows["trial"] == rows["trial"].min())]
    pixels = images_of(first["source"].iloc[0]).pixels
    rng = np.random.default_rng(0)
    tasks = []
    for row in first.to_dict("records"):
        alive = np.flatnonzero(row["alive"])
        shown = np.asarray(row["shown_items"]).reshape(-1, N_INTRUSION + 1)
        for feature in np.sort(rng.permutation(alive)[:TASKS_PER_METHOD]):
            items = tuple(Picture(pixels[item].reshape(SIDE, SIDE)) for item in shown[feature])
            tasks.append(Task(items, group=row["method"], judged=int(row["judged_odd"][feature])))
    page, key = intrusion_page(
        tasks,
        title="Which image does not belong?",
        question=f"In each row, {N_INTRUSION} images are those on which one feature of a network is largest; one is an "
        "intruder. Choose it; guess where you cannot tell.",
    )
    words = (
        "find the intruders yourself and save your answers; `superposed intrusion DIR ANSWERS`, DIR this folder, "
        "scores them"
    )
    return [Attachment("intrusion/page.html", page, words), Attachment("intrusion/key.json", key)]


def _notes(spec: Spec) -> list[str]:
    fixed: Fixed = spec.fixed
    return [
        *(f"{name}: {SOURCES[name]}." for name in spec.grid.source),
        "Images: the 8 x 8 digits and the two photographs (a temple and a flower) that come inside scikit-learn. "
        f"Classes: ten digits; or {N_STRIPS} upright strips of each photograph at half its resolution, cut into 8 x 8 "
        "patches that share no pixel. Networks: 64 - "
        f"{fixed.n_hidden} - {fixed.n_dims} - output, trained on {fixed.n_train} images of each of nine classes; the "
        f"linear layer of {fixed.n_dims} is decomposed into {fixed.n_atoms} codes by dictionaries learned from the "
        f"same images, the network left as it is. {fixed.n_test} other images of each class are judged. Each trial has "
        "its own split and network, and another class held out.",
        "Codes are >= 0, but for principal and independent components, which are signed. Lasso readers take "
        f"{fixed.penalty_fraction:g} of each sample's lambda_max; autoencoders their own encoder, told "
        f"{fixed.n_active:g} active codes.",
        f"Classifier: multinomial logistic regression on standardised features, penalty {fixed.probe_penalty:g} for "
        f"all; few labels: {', '.join(map(str, LABELS_PER_CLASS))} of each class, mean of {N_DRAWS} choices. Principal "
        "components of all dimensions are a rotation of the raw activations, but are standardised along other axes: "
        "what they lose, the standardisation loses.",
        f"Disturbances, of test images only: {'; '.join(f'{kind}: {unit}' for kind, unit in UNITS.items())}. "
        "What comes from beyond the edge is 0 for digits, the last pixel for photographs.",
        "Anomaly: the area under the ROC curve of the held-out class against test images of the nine, scored by the "
        "mean distance to the 5 nearest training images and by the Mahalanobis distance; auroc_residual, by what a "
        "dictionary leaves unexplained, has no counterpart in the raw activations.",
        "Differences are paired: split, network and disturbances are the same. Intervals are 95% Student t intervals "
        "over trials, not corrected for their number: of 20 differences that are none, one leaves out 0.",
        "One feature a class: for each class the feature, with a sign, of the largest area under the ROC curve in "
        "training, judged on test images. Monosemanticity and intruders compare images by the cosine of their pixels.",
        f"Photographs: two, halved, whitened after Olshausen & Field (1997); {fixed.n_patches} patches of "
        f"{fixed.patch_side} x {fixed.patch_side} pixels, their means taken out, {fixed.patch_atoms} atoms, signed "
        "codes. A trial is another choice of patches. The Gabor fit has 8 numbers an atom; `unrelated` says what it "
        "makes of noise.",
    ]


def _failures(rows: pd.DataFrame) -> list[str]:
    counts = rows.groupby(["source", "scrambled", "method"], sort=False)["failed"].agg(["sum", "size"])
    return [
        f"{tables.kind_name(str(source), int(scrambled))}, {method}: {int(n_failed)} of {int(n)} trials"
        for (source, scrambled, method), (n_failed, n) in zip(counts.index, counts.to_numpy(), strict=True)
        if n_failed
    ]
