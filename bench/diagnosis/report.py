"""The report of a diagnosis, from its record and the calibration alone."""

import json
from pathlib import Path

import msgspec
import pandas as pd

from bench.diagnosis.calibration import Calibration, Scores, scores_of
from bench.diagnosis.panels import panels_of
from bench.diagnosis.records import Diagnosis
from bench.diagnosis.statistics import STATISTICS
from bench.report import ReportContent

_MEANING = {
    "go": "The features of these activations can be recovered: a decomposition is worth the effort.",
    "uncertain": "It cannot be told from these activations whether their features can be recovered.",
    "no-go": "The features of these activations cannot be recovered from this file: do not trust its decomposition.",
}


def content_of(found: Diagnosis, calibration: Calibration) -> ReportContent:
    use = [] if found.command is None else [f"Use {found.method}: {found.command}"]
    scores = scores_of(calibration.held_out)
    reduced = (
        []
        if found.dims_used == found.n_dims
        else [
            f"{found.n_dims} dimensions were reduced to the {found.dims_used} leading principal axes, with "
            f"{found.variance_kept:.1%} of the power; all numbers are about these."
        ]
    )
    return ReportContent(
        title=f"Diagnosis of {Path(found.source).name}",
        question="Can the features that these activations hold be recovered, before anything is invested in it?",
        sentences=[f"Verdict: {found.verdict}. {_MEANING[found.verdict]}", *found.reasons, *use, *found.warnings],
        panels=panels_of(found, calibration),
        tables=_tables(found, calibration),
        notes=[
            f"{found.rows_used} of {found.n_samples} rows were used.",
            *reduced,
            *(f"Left out: {one}." for one in found.left_out),
            "Intervals of N, K and the noise hold the truth of 90% of the calibration's worlds that are as likely to "
            "be recovered; where that is unlikely they are wide, because nothing is known.",
            f"Calibration: {calibration.n_worlds} synthetic worlds to fit, {scores.n_worlds} others to judge by. "
            + _sentences(scores),
            f"On {len(calibration.larger)} worlds of more dimensions or samples than any that were fitted: "
            + _sentences(scores_of(calibration.larger)),
            "Recovery means the MCC of codes of fresh samples with the truth, latents that were missed counting as 0.",
            "The calibration knows worlds of linear mixing. Whether a network's features are of this kind no file of "
            "activations can tell.",
        ],
        failures=found.warnings,
        failures_title="What calls for care",
        no_failures="Nothing: the data lie inside what the calibration knows.",
    )


def _sentences(scores: Scores) -> str:
    return " ".join(f"{line[0].upper()}{line[1:]}." for line in scores.lines())


def _tables(found: Diagnosis, calibration: Calibration) -> dict[str, pd.DataFrame]:
    named = {
        "atoms N": found.n_atoms,
        "active atoms per row K": found.n_active,
        "noise per coordinate": found.noise_std,
        "noise per coordinate, upper bound from the spectrum": found.spectrum.noise_upper_bound,
        "intrinsic dimension (participation ratio)": found.spectrum.intrinsic_dimension,
        "log gain over a Gaussian": found.gain,
    }
    estimates = [{"quantity": name, **msgspec.structs.asdict(one)} for name, one in named.items()]
    sizes = [
        {
            "n_atoms": one.n_atoms,
            "hidden_error": one.error.estimate,
            "low": one.error.low,
            "high": one.error.high,
            "agreement": one.agreement,
            "n_stable": one.n_stable,
            "n_active": one.n_active,
        }
        for one in found.sizes
    ]
    candidates = [
        {"method": one.method, "n_atoms": one.n_atoms, **msgspec.structs.asdict(one.error)} for one in found.candidates
    ]
    judged = [
        {name: value for name, value in msgspec.structs.asdict(one).items() if name != "within"}
        for one in [*calibration.held_out, *calibration.larger]
    ]
    return {
        "estimates": pd.DataFrame.from_records(estimates),
        "statistics": pd.DataFrame.from_records(
            [{"statistic": STATISTICS[name], "value": value} for name, value in found.statistics.items()]
        ),
        "sizes": pd.DataFrame.from_records(sizes),
        "methods": pd.DataFrame.from_records(candidates),
        "samples": pd.DataFrame(found.samples.curve, columns=["n_samples", "simulated_mcc"]),
        "held-out-worlds": pd.DataFrame.from_records(judged),
    }


def spec_text(found: Diagnosis) -> str:
    settings = {"source": found.source, **msgspec.structs.asdict(found.settings)}
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
