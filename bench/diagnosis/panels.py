"""The pictures of a diagnosis."""

import numpy as np

from analysis.figures import Curve, Panel, Series, SeriesFacet, boundary_plot, cut_plot
from analysis.statistics import wilson_interval
from analysis.theory import l1_transition
from bench.diagnosis.calibration import RECOVERED, Calibration
from bench.diagnosis.records import Diagnosis

_UNIT = (0.0, 1.0)


def panels_of(diagnosis: Diagnosis, calibration: Calibration) -> list[Panel]:
    """All of them, in the report's order."""
    panels = [
        _phase_diagram(diagnosis),
        _hidden(diagnosis),
        _agreement(diagnosis),
        _predicted_measured(diagnosis, calibration),
        _reliability(calibration),
        _spectrum(diagnosis),
    ]
    if diagnosis.samples.curve:
        panels.insert(3, _learning_curve(diagnosis))
    return panels


def _phase_diagram(found: Diagnosis) -> Panel:
    delta = np.linspace(0.01, 1, 100)
    ratio, at = found.position.sparsity_ratio, found.position.undersampling
    tip = f"these data: M/N = {at:.2f}, K/M = {ratio.estimate:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"
    top = min(1.0, ratio.high)
    point = Series("these data", *(np.array([v]) for v in (at, ratio.estimate, ratio.low, top)), tips=[tip])
    curves = [
        Curve("l1 transition, signed codes", delta, l1_transition(delta, "signed")),
        Curve("l1 transition, non-negative codes", delta, l1_transition(delta, "nonnegative")),
    ]
    return boundary_plot(
        [SeriesFacet("", [point], curves)],
        name="phase-diagram",
        title="Where these data lie",
        caption=(
            "Estimated sparsity per dimension against undersampling, with the interval of K. Below the curve of their "
            "sign l1 minimisation recovers codes when the dictionary is known; learning it asks for more."
        ),
        alt=f"The data lie at undersampling {at:.2f} and sparsity ratio {ratio.estimate:.2f}; the transition there is "
        f"at {found.position.transition:.2f}.",
    )


def _hidden(found: Diagnosis) -> Panel:
    n = np.array([one.n_atoms for one in found.sizes], float)
    errors = [one.error for one in found.sizes]
    mid, low, high = (np.array([getattr(one, name) for one in errors]) for name in ("estimate", "low", "high"))
    tips = [f"{one.n_atoms} atoms: {one.error.estimate:.3f}, {one.n_active:.1f} active" for one in found.sizes]
    level = Curve("Gaussian of the same covariance", n[[0, -1]], np.full(2, found.gaussian_error), "chance")
    return cut_plot(
        [SeriesFacet("", [Series("dictionary from half of the rows", n, mid, low, high, tips=tips)], [level])],
        name="hidden-coordinates",
        title="Prediction of hidden coordinates",
        caption="Squared error on coordinates that the codes were not shown, over their mean square, by number of "
        "atoms; the band is the 90% interval over rows. Sparse structure lies below the Gaussian's line.",
        alt=f"The error is {mid.min():.2f} at best, where a Gaussian has {found.gaussian_error:.2f}.",
        x_label="atoms",
        y_label="error on hidden coordinates",
        x_log=True,
        y_log=True,
    )


def _agreement(found: Diagnosis) -> Panel:
    n = np.array([one.n_atoms for one in found.sizes], float)
    agreement = np.array([one.agreement for one in found.sizes])
    tips = [f"{one.n_atoms} atoms: agreement {one.agreement:.2f}, {one.n_stable} stable" for one in found.sizes]
    return cut_plot(
        [SeriesFacet("", [Series("two halves of the rows", n, agreement, tips=tips)])],
        name="agreement",
        title="Agreement of two halves",
        caption="Mean cosine of atoms learned from two halves with their mutual match. It is highest near the number "
        "of atoms that are there.",
        alt=f"Agreement is highest, {agreement.max():.2f}, at {n[agreement.argmax()]:.0f} atoms.",
        x_label="atoms",
        y_label="agreement",
        x_log=True,
        y_limits=(0.0, 1.02),
    )


def _learning_curve(found: Diagnosis) -> Panel:
    samples, recovery = (np.array(one, float) for one in zip(*found.samples.curve, strict=True))
    curves = []
    bound = found.samples.counting_bound
    if bound is not None and samples[0] / 4 < bound < samples[-1] * 4:
        curves.append(Curve("counting bound", np.array([bound, bound]), np.array([0.0, 1.0])))
    tips = [f"{int(p)} samples: MCC {m:.2f}" for p, m in found.samples.curve]
    return cut_plot(
        [SeriesFacet("", [Series("simulation of the fitted model", samples, recovery, tips=tips)], curves)],
        name="samples",
        title="How many samples are needed",
        caption="Recovery of simulations of the fitted model, learned from fewer or more samples than there are.",
        alt=f"MCC goes from {recovery[0]:.2f} at {samples[0]:.0f} samples to {recovery[-1]:.2f} at {samples[-1]:.0f}.",
        x_label="samples",
        y_label="MCC of the simulation",
        x_log=True,
        y_limits=(0.0, 1.02),
    )


def _predicted_measured(found: Diagnosis, calibration: Calibration) -> Panel:
    series = []
    groups = {
        _KINDS[kind]: [one for one in calibration.held_out if one.kind == kind]
        for kind in sorted({one.kind for one in calibration.held_out})
    }
    for kind, worlds in {**groups, "larger worlds, any kind": calibration.larger}.items():
        x, y = np.array([one.expected for one in worlds]), np.array([one.recovery for one in worlds])
        tips = [f"{kind}: predicted {one.expected:.2f}, measured {one.recovery:.2f}" for one in worlds]
        series.append(Series(kind, x, y, tips=tips))
    expected = found.prediction.expected
    curves = [
        Curve("predicted = measured", np.array(_UNIT), np.array(_UNIT)),
        Curve("these data", np.array([expected, expected]), np.array(_UNIT), "measured"),
    ]
    return boundary_plot(
        [SeriesFacet("", series, curves)],
        name="predicted-measured",
        title="Predicted and measured recovery",
        caption="Worlds with known truth that the calibration was not fitted to: the expected MCC and the one "
        "measured. The vertical line is the prediction for these data.",
        alt=f"{len(calibration.held_out) + len(calibration.larger)} worlds near the diagonal; these data are predicted "
        f"at {expected:.2f}.",
        x_label="expected MCC",
        y_label="measured MCC",
    )


def _reliability(calibration: Calibration) -> Panel:
    p = np.array([one.probability for one in calibration.held_out])
    recovered = np.array([one.recovery > RECOVERED for one in calibration.held_out])
    bins = np.minimum((p * 5).astype(int), 4)
    used = np.unique(bins)
    counts = np.array([np.sum(bins == one) for one in used])
    rates = wilson_interval([np.sum(recovered[bins == one]) for one in used], counts, level=0.9)
    means = np.array([p[bins == one].mean() for one in used])
    tips = [
        f"{n} worlds: predicted {a:.2f}, recovered {b:.2f}"
        for n, a, b in zip(counts, means, rates.estimate, strict=True)
    ]
    series = Series("held-out worlds", means, rates.estimate, rates.low, rates.high, tips=tips)
    diagonal = Curve("perfect calibration", np.array(_UNIT), np.array(_UNIT))
    return boundary_plot(
        [SeriesFacet("", [series], [diagonal])],
        name="reliability",
        title="Reliability of the probabilities",
        caption="Held-out worlds in five bins of the predicted probability, against the share of them that was "
        "recovered with an MCC above .9 (Wilson's 90% interval).",
        alt="Predicted probability against the share recovered, five bins, beside the diagonal.",
        x_label="predicted probability of MCC > .9",
        y_label="share of worlds recovered",
    )


def _spectrum(found: Diagnosis) -> Panel:
    values = np.maximum(np.array(found.spectrum.eigenvalues), 1e-12 * found.spectrum.eigenvalues[0])
    rank = np.arange(1, values.size + 1, dtype=float)
    noise = found.noise_std.estimate**2
    level = Curve("estimated noise", rank[[0, -1]], np.full(2, noise), "chance")
    return cut_plot(
        [SeriesFacet("", [Series("covariance", rank, values)], [level])],
        name="spectrum",
        title="Spectrum",
        caption="Eigenvalues of the covariance, largest first, and the variance of the estimated noise.",
        alt=f"{values.size} eigenvalues from {values[0]:.3g} to {values[-1]:.3g}.",
        x_label="rank",
        y_label="eigenvalue",
        y_log=True,
    )


_KINDS = {
    "exact": "K active",
    "bernoulli": "K active on average",
    "zipf": "Zipf's law",
    "gaussian": "normal codes (nothing to find)",
}
