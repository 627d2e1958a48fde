"""From a file of activations to a verdict, a record and a report, or a refusal."""

import json
import math
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from bench.activations import Activations, load_activations
from bench.diagnosis import assess
from bench.diagnosis.calibration import Calibration, held_out_scores, load_calibration
from bench.diagnosis.candidates import CHOSEN, other_candidates, preferred
from bench.diagnosis.measure import Measurement, measure, twin_recovery
from bench.diagnosis.panels import panels_of
from bench.diagnosis.records import Candidate, Diagnosis, Settings
from bench.diagnosis.statistics import STATISTICS
from bench.manifest import environment
from bench.precision import precision
from bench.replaced_folder import check_folder, replaced
from bench.report import ReportContent, write_report
from bench.store import write_atomically

_OURS = {"diagnosis.json", "report.html", "tables", "figures"}
LEAST_ROWS = 100
_CURVE = (0.25, 0.5, 1.0, 2.0, 4.0)
_MOST_SIMULATED = 20_000

Say = Callable[[str], None]


def diagnose(
    path: Path,
    settings: Settings,
    *,
    key: str | None = None,
    clean: bool = False,
    results: Path | None = None,
    say: Say = lambda _: None,
) -> tuple[Diagnosis, Path]:
    """Diagnose the activations in `path` and write `diagnosis.json` and a report; returns the record and the page.

    Raises UserError, with nothing written, for files that cannot be used and a folder that holds something else.
    """
    folder = results or Path("runs") / f"diagnose-{path.stem}"
    check_folder(folder, ours=_OURS, marker="diagnosis.json", what="diagnosis")
    activations = load_activations(path, key=key, clean=clean, least_rows=LEAST_ROWS)
    with precision("float32"):
        diagnosis, gaussian_error = diagnosed(activations, settings, say=say)
    say("report")
    with replaced(folder) as fresh:
        write_report(
            fresh,
            _content(diagnosis, load_calibration(), gaussian_error),
            spec_text=_spec(diagnosis),
            manifest=environment(),
        )
        text = json.dumps(_finite(msgspec.to_builtins(diagnosis)), indent=2, allow_nan=False) + "\n"
        write_atomically(fresh / "diagnosis.json", text.encode())
    return diagnosis, folder / "report.html"


def diagnosed(activations: Activations, settings: Settings, *, say: Say) -> tuple[Diagnosis, float]:
    """The record, and the error of a Gaussian on hidden coordinates."""
    calibration = load_calibration()
    rng = np.random.default_rng(settings.seed)
    n_rows = min(activations.n_samples, settings.max_rows)
    y = activations.take(np.sort(rng.permutation(activations.n_samples)[:n_rows]))
    y = y - y.mean(axis=0) if settings.centre else y
    y, kept = _reduced(y, settings.max_dims)
    found, trial = measure(y, seed=settings.seed, progress=say)
    record = assess.spectrum_record(y, seed=settings.seed)
    statistics, prediction, verdict = assess.predicted(found, calibration)
    estimates = assess.estimates_of(found, calibration, prediction.probability)
    position = assess.position_of(found.n_dims, estimates, found.nonnegative)
    gain = assess.gain_estimate(found)
    # A model that does not describe the data says nothing of how many samples they need.
    curve = _curve(found, settings.seed, say) if verdict != "no-go" else []
    samples = assess.samples_of(found.n_dims, estimates, curve)
    errors = {CHOSEN: found.errors}
    if verdict != "no-go":
        say("other learners")
        errors |= other_candidates(found, trial)
    method = preferred(errors) if verdict != "no-go" else None
    diagnosis = Diagnosis(
        source=activations.source,
        n_samples=activations.n_samples,
        n_dims=activations.n_dims,
        rows_used=n_rows,
        dims_used=found.n_dims,
        variance_kept=kept,
        left_out=activations.left_out,
        code_sign="nonnegative" if found.nonnegative else "signed",
        spectrum=record,
        noise_std=estimates["noise"],
        n_active=estimates["active"],
        n_atoms=estimates["atoms"],
        sizes=assess.sizes_of(found),
        position=position,
        gain=gain,
        statistics=statistics,
        prediction=prediction,
        samples=samples,
        candidates=[Candidate(name, found.size.n_atoms, assess.error_estimate(one)) for name, one in errors.items()],
        method=method,
        command=method and _command(activations.source, method, found),
        verdict=verdict,
        reasons=assess.reasons_of(verdict, found, statistics, prediction, position, gain, samples),
        warnings=assess.warnings_of(found, record, calibration, settings.centre),
        calibration=assess.calibration_record(calibration),
        settings=settings,
        environment=environment(),
    )
    return diagnosis, float(found.gaussian_errors.mean())


def _reduced(y: np.ndarray, most: int) -> tuple[np.ndarray, float]:
    """The observations on their `most` leading principal axes (of E y y^T, so that 0 stays 0), and the power kept."""
    if y.shape[1] <= most:
        return y, 1.0
    values, axes = np.linalg.eigh(y.T.astype(np.float64) @ y)
    return (y @ axes[:, ::-1][:, :most]).astype(np.float32), float(values[::-1][:most].sum() / values.sum())


def _curve(found: Measurement, seed: int, say: Say) -> list[tuple[int, float]]:
    curve = []
    for factor in _CURVE:
        n_samples = round(factor * found.n_train)
        if factor == 1:
            curve.append((n_samples, found.twin.learned))
        elif 2 * found.size.n_atoms <= n_samples <= _MOST_SIMULATED:
            say(f"simulation of {n_samples} samples")
            model = (found.dictionary, found.codes, found.noise_std, found.nonnegative)
            curve.append((n_samples, twin_recovery(*model, n_samples=n_samples, seed=seed).learned))
    return curve


def _command(source: str, method: str, found: Measurement) -> str:
    sign = "nonnegative" if found.nonnegative else "signed"
    return (
        f"superposed decompose {shlex.quote(source)} --method {method} --n-atoms {found.size.n_atoms} "
        f"--n-active {max(1, round(found.n_active))} --noise-std {found.noise_std:.3g} --sign {sign}"
    )


def _finite(value: Any) -> Any:
    """JSON has no infinities: null instead."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value


_MEANING = {
    "go": "The features of these activations can be recovered: a decomposition is worth the effort.",
    "uncertain": "It cannot be told from these activations whether their features can be recovered.",
    "no-go": "The features of these activations cannot be recovered from this file: do not trust its decomposition.",
}


def _content(found: Diagnosis, calibration: Calibration, gaussian_error: float) -> ReportContent:
    use = [] if found.command is None else [f"Use {found.method}: {found.command}"]
    scores = held_out_scores(calibration)
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
        panels=panels_of(found, calibration, gaussian_error),
        tables=_tables(found, calibration),
        notes=[
            f"{found.rows_used} of {found.n_samples} rows were used.",
            *reduced,
            *(f"Left out: {one}." for one in found.left_out),
            "Intervals of N, K and the noise hold the truth of 90% of the calibration's worlds that are as likely to "
            "be recovered; where that is unlikely they are wide, because nothing is known.",
            f"Calibration: {calibration.n_worlds} synthetic worlds to fit, {scores.n_worlds} others to judge by. "
            + " ".join(f"{line[0].upper()}{line[1:]}." for line in scores.lines()),
            "Recovery means the MCC of codes of fresh samples with the truth, latents that were missed counting as 0.",
            "The calibration knows worlds of linear mixing. Whether a network's features are of this kind no file of "
            "activations can tell.",
        ],
        failures=found.warnings,
        failures_title="What calls for care",
        no_failures="Nothing: the data lie inside what the calibration knows.",
    )


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
        for one in calibration.held_out
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


def _spec(found: Diagnosis) -> str:
    settings = {"source": found.source, **msgspec.structs.asdict(found.settings)}
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
