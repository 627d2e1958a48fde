"""From a measurement to estimates with intervals, a prediction, and a verdict with its reasons."""

import itertools

import numpy as np

from analysis.diagnosis import spectrum, verdict_of
from analysis.statistics import bootstrap_interval
from analysis.theory import l1_transition, minimum_samples
from bench.diagnosis.calibration import (
    GO,
    LEVEL,
    NO_GO,
    Calibration,
    Estimate,
    Prediction,
    corrected,
    predict,
    scores_of,
)
from bench.diagnosis.measure import Measurement
from bench.diagnosis.records import Position, Samples, Size, SpectrumRecord, Verdict
from bench.diagnosis.statistics import n_atoms_of, statistics_of

_SPECTRUM_RESAMPLES = 40


def error_estimate(errors: np.ndarray) -> Estimate:
    """Mean over test rows with the interval of resampled rows."""
    found = bootstrap_interval(np.mean, errors, level=LEVEL, n_resamples=400)
    return Estimate(float(found.estimate), float(found.low), float(found.high))


def gain_estimate(found: Measurement) -> Estimate:
    """Log ratio of the Gaussian's error to the dictionary's, the rows being the same."""

    def gain(gaussian: np.ndarray, dictionary: np.ndarray) -> float:
        return float(np.log(gaussian.mean() / dictionary.mean()))

    value = bootstrap_interval(gain, found.gaussian_errors, found.errors, level=LEVEL, n_resamples=400)
    return Estimate(float(value.estimate), float(value.low), float(value.high))


def sizes_of(found: Measurement) -> list[Size]:
    """Every size that was tried."""
    return [
        Size(one.n_atoms, error_estimate(one.errors), one.agreement, one.n_stable, one.n_active) for one in found.sizes
    ]


def spectrum_record(observations: np.ndarray, *, seed: int) -> SpectrumRecord:
    """The spectrum with intervals."""
    whole = spectrum(observations)
    rng = np.random.default_rng(seed)
    n = len(observations)
    draws = [spectrum(observations[rng.integers(n, size=n)]) for _ in range(_SPECTRUM_RESAMPLES)]

    def estimate(name: str) -> Estimate:
        # Repeated rows shift both statistics; their spread about the resamples' own mean does not mind.
        values = np.array([getattr(one, name) for one in draws])
        spread = np.quantile(values - values.mean(), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        value = getattr(whole, name)
        return Estimate(value, float(max(value + spread[0], 0)), float(value + spread[1]))

    return SpectrumRecord(
        mean_share=whole.mean_share,
        intrinsic_dimension=estimate("participation_ratio"),
        components_above_noise=whole.n_above_noise,
        noise_upper_bound=estimate("noise_std"),
        eigenvalues=whole.eigenvalues.tolist(),
    )


def predicted(found: Measurement, calibration: Calibration) -> tuple[dict[str, float], Prediction, Verdict]:
    """Statistics, what the calibration makes of them, and the verdict."""
    statistics = statistics_of(found)
    prediction = predict(calibration, statistics)
    return statistics, prediction, verdict_of(prediction.probability, go=GO, no_go=NO_GO)


def estimates_of(found: Measurement, calibration: Calibration, probability: float) -> dict[str, Estimate]:
    """Numbers of atoms and of active ones, and the noise, with intervals from worlds as likely to be recovered."""
    raw = {"atoms": n_atoms_of(found), "active": found.n_active, "noise": found.noise_std}
    return {name: corrected(calibration, name, float(value), probability) for name, value in raw.items()}


def position_of(n_dims: int, estimates: dict[str, Estimate], nonnegative: bool) -> Position:
    """Place on the phase diagram."""
    undersampling = min(n_dims / estimates["atoms"].estimate, 1.0)
    transition = float(l1_transition(undersampling, "nonnegative" if nonnegative else "signed"))
    active = estimates["active"]
    ratio = Estimate(*(one / n_dims for one in (active.estimate, active.low, active.high)))
    return Position(undersampling, ratio, transition, ratio.estimate < transition)


def samples_of(n_dims: int, estimates: dict[str, Estimate], curve: list[tuple[int, float]]) -> Samples:
    """The counting bound at the estimates, and where the measured curve passes .9."""
    atoms, active = estimates["atoms"], estimates["active"]
    sizes = [(atoms.estimate, active.estimate), (atoms.low, active.low), (atoms.high, active.high)]
    bounds = [float(minimum_samples(n, n_dims, k)) for n, k in sizes]
    bound, low_bound, high_bound = (one if np.isfinite(one) else None for one in bounds)
    counting = (bound, low_bound, high_bound)
    if not curve:
        return Samples(*counting, [], None, "unknown")
    if curve[0][1] >= 0.9:
        return Samples(*counting, curve, curve[0][0], "at most", enough=curve[0][0])
    for (few, low), (many, high) in itertools.pairwise(curve):
        if high >= 0.9:
            share = (0.9 - low) / (high - low)
            return Samples(*counting, curve, round(few * (many / few) ** share), "about", too_few=few, enough=many)
    return Samples(*counting, curve, curve[-1][0], "more than", too_few=curve[-1][0])


def reasons_of(
    verdict: Verdict,
    found: Measurement,
    statistics: dict[str, float],
    prediction: Prediction,
    position: Position,
    gain: Estimate,
    samples: Samples,
) -> list[str]:
    """Why, in plain language, with the numbers."""
    p = prediction
    chance = f"{p.probability:.2f} [{p.probability_low:.2f}, {p.probability_high:.2f}]"
    first = (
        f"The features are recovered (MCC above .9) with probability {chance}; expected MCC {p.expected:.2f} "
        f"[{p.low:.2f}, {p.high:.2f}]."
    )
    return [
        first,
        _agreement(statistics),
        _gain(gain),
        _twin(statistics["twin"], gain),
        _position(position, verdict),
        *_samples(found, samples),
    ]


def warnings_of(
    found: Measurement, record: SpectrumRecord, calibration: Calibration, *, n_dims: int, centred: bool
) -> list[str]:
    """What speaks for care; `n_dims` is the width of the file."""
    warnings = []
    if record.mean_share > 0.5 and not centred:
        warnings.append(
            f"{record.mean_share:.0%} of the power is in the mean; a constant offset hides features: try --centre."
        )
    if found.chosen == len(found.sizes) - 1:
        warnings.append(
            f"The largest dictionary of those tried ({found.size.n_atoms} atoms) predicts best; there may be more."
        )
    return [*warnings, *_beyond(found, n_dims, calibration)]


def _beyond(found: Measurement, n_dims: int, calibration: Calibration) -> list[str]:
    """What is known of worlds of this size, where it is not one of the sizes that were fitted."""
    said = []
    if n_dims > found.n_dims:
        said.append(
            f"Of {n_dims} dimensions the {found.n_dims} leading principal axes were used; features that these do not "
            "hold are not judged, and no world was reduced like this in the calibration."
        )
    (least_dims, most_dims), (least, most) = (
        (min(values), max(values)) for values in (calibration.n_dims, calibration.n_samples)
    )
    if least_dims <= found.n_dims <= most_dims and least <= found.n_samples <= most:
        return said
    fitted = (
        f"The calibration was fitted to worlds of {least_dims} to {most_dims} dimensions and {least} to {most} samples"
    )
    widest, longest = (max(getattr(one, name) for one in calibration.larger) for name in ("n_dims", "n_samples"))
    if least_dims <= found.n_dims <= widest and least <= found.n_samples <= longest:
        scores = scores_of(calibration.larger)
        return [
            *said,
            f"{fitted}; on {scores.n_worlds} others of up to {widest} and {longest} its verdict was right in "
            f"{scores.n_right} of {scores.n_clear} clear cases (Brier score {scores.brier:.3f}).",
        ]
    return [
        *said,
        f"{fitted}, and tried on some of up to {widest} and {longest}; here it is carried over to {found.n_dims} and "
        f"{found.n_samples}, by statistics that are free of scale.",
    ]


def calibration_record(calibration: Calibration) -> dict[str, float]:
    """How well the calibration does on worlds that it was not fitted to."""
    scores = scores_of(calibration.held_out)
    return {
        "worlds_fitted": calibration.n_worlds,
        "worlds_held_out": scores.n_worlds,
        "clear_cases": scores.n_clear,
        "clear_cases_right": scores.n_right,
        "clear_cases_uncertain": scores.n_uncertain_clear,
        "uncertain": scores.n_uncertain,
        "brier_score": scores.brier,
        "calibration_error": scores.calibration_error,
        "mean_error_of_expected_mcc": scores.expected_error,
        "share_held_by_90_percent_interval_of_expected_mcc": scores.coverage,
    }


def _agreement(statistics: dict[str, float]) -> str:
    halves, seeds = statistics["halves"], statistics["seeds"]
    said = (
        "the same atoms come back"
        if min(halves, seeds) > 0.9
        else "most atoms come back"
        if min(halves, seeds) > 0.75
        else "what is learned depends on the rows and the start"
    )
    return f"Dictionaries from two halves of the rows agree by {halves:.2f}, from two seeds by {seeds:.2f}: {said}."


def _gain(gain: Estimate) -> str:
    low, middle, high = (np.exp(one) for one in (gain.low, gain.estimate, gain.high))
    said = (
        f"On coordinates that are hidden from it, a Gaussian of the same covariance errs {middle:.2f} "
        f"[{low:.2f}, {high:.2f}] times as much as the dictionary"
    )
    if gain.low > 0:
        return f"{said}: there is sparse structure."
    if gain.high < 0:
        return f"{said}: the dictionary adds nothing to the covariance."
    return f"{said}: no clear structure beyond the covariance."


def _twin(twin: float, gain: Estimate) -> str:
    caution = "" if gain.low > 0 else " (of a model that does not describe these data well)"
    return f"A simulation of the fitted model{caution} is recovered with an MCC of {twin:.2f}."


def _position(position: Position, verdict: Verdict) -> str:
    ratio = position.sparsity_ratio
    k = f"{ratio.estimate:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"
    side = "below" if position.below_transition else "above"
    doubt = "" if verdict == "go" else ", as far as K and N can be told here"
    return (
        f"K/M = {k} at M/N = {position.undersampling:.2f} is {side} the l1 transition {position.transition:.2f}{doubt}."
    )


def _samples(found: Measurement, samples: Samples) -> list[str]:
    said = []
    if samples.counting_bound is None:
        said.append("No number of samples is enough: as many atoms are active as there are dimensions.")
    else:
        enough = "has" if found.n_train >= samples.counting_bound else "lacks"
        low, high = (f"{one:.0f}" if one is not None else "∞" for one in (samples.counting_low, samples.counting_high))
        said.append(
            f"Counting equations, at least {samples.counting_bound:.0f} [{low}, {high}] samples are needed; this file "
            f"{enough} them ({found.n_train} were learned from)."
        )
    if samples.relation != "unknown":
        between = f" ({samples.too_few} are too few, {samples.enough} enough)" if samples.relation == "about" else ""
        said.append(f"In simulations {samples.relation} {samples.needed} samples are needed for an MCC of .9{between}.")
    return said
