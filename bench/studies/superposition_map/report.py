"""The superposition map's report: tables, pictures and sentences from the rows alone."""

import pandas as pd

from bench.report.content import ReportContent
from bench.status import MOST_UNCONVERGED
from bench.studies.superposition_map import panels, sentences, tables
from bench.studies.superposition_map.parameters import Fixed
from bench.studies.superposition_map.study import N_SUPPORTS
from bench.study import Results


def report(results: Results) -> ReportContent:
    """What the report shows; one row per cell, method and trial."""
    rows, spec = tables.judge(results.rows), results.spec
    cells, geometry = tables.cell_table(rows), tables.geometry_table(rows)
    theory, comparison = tables.theory_table(spec), tables.comparison_table(rows)
    guarantees, boundary = tables.guarantee_table(rows, cells, spec), tables.boundary_table(rows, spec)
    return ReportContent(
        title="Superposition map",
        question="Which features of a trained network in superposition can be recovered, at which density and "
        "noise, and is the "
        "trained geometry easier or harder than a random dictionary?",
        sentences=[
            *sentences.representation(geometry, spec.fixed),
            *sentences.theory_agreement(cells, theory),
            *sentences.boundary(boundary),
            *sentences.guarantees(guarantees),
            *sentences.network_against_random(comparison),
            *sentences.blind(cells, spec),
            sentences.failures(rows),
        ],
        panels=[
            *(panels.metric_map(cells, boundary, spec, metric) for metric in panels.MAPPED),
            *panels.cuts(cells, theory, spec),
            panels.geometry_panel(geometry, spec.fixed),
        ],
        tables={
            "cells": cells,
            "boundary": boundary,
            "geometry": geometry,
            "guarantees": guarantees,
            "theory": theory,
            "comparison": comparison,
        },
        notes=_notes(spec.fixed),
        failures=_failures(cells),
    )


def _notes(fixed: Fixed) -> list[str]:
    return [
        f"A cell is recovered where its mean NMSE is at most {tables.RECOVERED:g}; a trial failed where more than "
        f"{MOST_UNCONVERGED:.0%} of its samples did not converge or any became non-finite. Both are "
        "applied to the stored rows.",
        "NMSE = sum |z^ - z|^2 / sum |z|^2 over all latents, represented or not. With the dictionary unknown, "
        "codes are first matched to the "
        "latents one to one and scaled by least squares, one scale per latent.",
        f"Supports are compared at magnitude {fixed.activity_threshold:g}, in truth and estimate alike.",
        "Chance is what an unrelated random dictionary scores after the same matching; for the MCC of codes it "
        "is above zero "
        "because both are functions of the same observations.",
        "The lasso's penalty is the best one in theory for these latents and a random dictionary; OMP is told "
        "the noise level and the "
        "TopK autoencoder the mean number of active latents. No method is told more.",
        "Guarantees are for the represented latents without noise: coherence and Babel function guarantee every "
        f"support of that size, the conditions of exact recovery hold or not on each of {N_SUPPORTS} sampled supports "
        "(Tropp 2004; Fuchs 2004).",
        "Intervals are 95% Student t intervals over trials; each trial is its own network and its own samples.",
    ]


def _failures(cells: pd.DataFrame) -> list[str]:
    failed = cells[(cells["metric"] == "nmse") & (cells["n_failures"] > 0)]
    return [
        f"{row.method}, {row.dictionary}, density {row.density:g}, noise {row.noise_std:g}: {row.n_failures} of "
        f"{row.n_trials} trials"
        for row in failed.itertuples()
    ]
