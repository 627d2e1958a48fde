"""What is written to `diagnosis.json`."""

from typing import Any, Literal

import msgspec

from analysis.diagnosis import Verdict
from bench.diagnosis.calibration import Estimate, Prediction


class Settings(msgspec.Struct, frozen=True):
    """How to diagnose: at most `max_rows` rows, drawn at random, and `max_dims` leading principal axes are used."""

    seed: int = 0
    max_rows: int = 10_000
    max_dims: int = 96
    centre: bool = False


class Size(msgspec.Struct, frozen=True):
    """One size of dictionary: error on hidden coordinates (over the mean square, with its 90% interval) and agreement
    of two halves."""

    n_atoms: int
    error: Estimate
    agreement: float
    n_stable: int
    n_active: float


class SpectrumRecord(msgspec.Struct, frozen=True):
    """Second moments; intervals by resampling rows."""

    mean_share: float
    intrinsic_dimension: Estimate
    components_above_noise: int
    noise_upper_bound: Estimate
    eigenvalues: list[float]


class Position(msgspec.Struct, frozen=True):
    """Where the estimates lie on the phase diagram of l1 minimisation."""

    undersampling: float
    sparsity_ratio: Estimate
    transition: float
    below_transition: bool


class Samples(msgspec.Struct, frozen=True):
    """How many samples it takes: what counting demands, and what was measured on simulations of the fitted model.

    `counting_bound` is at the estimates of N and K, `counting_low` and `counting_high` at the ends of their intervals;
    None where no number is enough. `curve` holds (samples, recovery). `needed` is where the curve passes .9: None where
    it does not, or was not measured; `relation` says whether it is "at most", "about" or "more than" `needed`. Of the
    sizes simulated `too_few` is the last before that and `enough` the first after it.
    """

    counting_bound: float | None
    counting_low: float | None
    counting_high: float | None
    curve: list[tuple[int, float]]
    needed: int | None
    relation: Literal["at most", "about", "more than", "unknown"]
    too_few: int | None = None
    enough: int | None = None


class Candidate(msgspec.Struct, frozen=True):
    """A learner that was tried: its error on hidden coordinates, with its 90% interval."""

    method: str
    n_atoms: int
    error: Estimate


class Diagnosis(msgspec.Struct, frozen=True):
    """Everything that the command found."""

    source: str
    n_samples: int
    n_dims: int
    rows_used: int
    dims_used: int
    variance_kept: float
    left_out: list[str]
    code_sign: Literal["signed", "nonnegative"]
    spectrum: SpectrumRecord
    noise_std: Estimate
    n_active: Estimate
    n_atoms: Estimate
    sizes: list[Size]
    position: Position
    gain: Estimate
    gaussian_error: float
    """Of a Gaussian, on hidden coordinates, over their mean square."""
    statistics: dict[str, float]
    prediction: Prediction
    samples: Samples
    candidates: list[Candidate]
    method: str | None
    command: str | None
    verdict: Verdict
    reasons: list[str]
    warnings: list[str]
    calibration: dict[str, float]
    settings: Settings
    environment: dict[str, Any]
