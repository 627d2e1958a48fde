"""From a file of activations to a verdict, a record and a report, or a refusal."""

import json
import math
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bench.activations import Activations, load_activations
from bench.diagnosis import assess, report
from bench.diagnosis.calibration import load_calibration
from bench.diagnosis.candidates import CHOSEN, other_candidates, preferred
from bench.diagnosis.measure import Measurement, leading_axes, measure, twin_recovery
from bench.diagnosis.records import Candidate, Diagnosis, Settings
from bench.errors import UserError
from bench.kept_programs import kept_programs
from bench.manifest import environment
from bench.precision import precision
from bench.replaced_folder import check_folder, replaced
from bench.report import write_report
from bench.store import write_atomically, writing

_OURS = {"diagnosis.json", "report.html", "tables", "figures"}
LEAST_ROWS = 100
_CURVE = (0.25, 0.5, 1.0, 2.0, 4.0)
_MOST_SIMULATED = 20_000

Say = Callable[[str], None]


@kept_programs()
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
        diagnosis = diagnosed(activations, settings, say=say)
    say("report")
    with replaced(folder) as fresh:
        _write_report(fresh, diagnosis)
        text = json.dumps(_finite(msgspec.to_builtins(diagnosis)), indent=2, allow_nan=False) + "\n"
        write_atomically(fresh / "diagnosis.json", text.encode())
    return diagnosis, folder / "report.html"


def redraw(folder: Path) -> tuple[list[str], Path]:
    """Draw a diagnosis's report again from its record; returns its sentences and the page.

    Raises UserError where the record cannot be read.
    """
    file = folder / "diagnosis.json"
    try:
        diagnosis = msgspec.json.decode(file.read_bytes(), type=Diagnosis)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise UserError(f"{file}: it cannot be used: {error}") from error
    with writing(folder):
        page = _write_report(folder, diagnosis)
    return [f"verdict: {diagnosis.verdict}", *diagnosis.reasons, *diagnosis.warnings], page


def _write_report(folder: Path, diagnosis: Diagnosis) -> Path:
    return write_report(
        folder,
        report.content_of(diagnosis, load_calibration()),
        spec_text=report.spec_text(diagnosis),
        manifest=diagnosis.environment,
    )


def diagnosed(activations: Activations, settings: Settings, *, say: Say) -> Diagnosis:
    """The record."""
    calibration = load_calibration()
    rng = np.random.default_rng(settings.seed)
    n_rows = min(activations.n_samples, settings.max_rows)
    y = activations.take(np.sort(rng.permutation(activations.n_samples)[:n_rows]))
    y = y - y.mean(axis=0) if settings.centre else y
    y, kept = leading_axes(y, settings.max_dims)
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
    return Diagnosis(
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
        gaussian_error=float(found.gaussian_errors.mean()),
        statistics=statistics,
        prediction=prediction,
        samples=samples,
        candidates=[Candidate(name, found.size.n_atoms, assess.error_estimate(one)) for name, one in errors.items()],
        method=method,
        command=method and _command(activations.source, method, found),
        verdict=verdict,
        reasons=assess.reasons_of(verdict, found, statistics, prediction, position, gain, samples),
        warnings=assess.warnings_of(found, record, calibration, n_dims=activations.n_dims, centred=settings.centre),
        calibration=assess.calibration_record(calibration),
        settings=settings,
        environment=environment(),
    )


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
