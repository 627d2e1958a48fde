"""Squared error under noise, between what knowing the support would leave and the lasso's worst case in theory."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.figures import Curve, Panel, Series, SeriesFacet, cut_plot
from analysis.theory import CodeSign, l1_transition, noise_sensitivity, oracle_floor
from bench.validation.check import Check, Findings, judge
from bench.validation.problems import Problem, gaussian_dictionary, generator, observe, sparse_codes
from bench.validation.subject import Coder

SHARES = (0.25, 0.5, 0.75)
"""Sparsity ratios, in units of the l1 transition."""
FINITE_SIZE = 0.25
"""What is allowed above theory, which is the limit of many latents."""
SHRINKAGE = 0.05
"""What is allowed below least squares on the true support: knowing how amplitudes are distributed one does better, but
by little where amplitudes are a hundred times the noise."""
NOISE_STD = 0.01
STANDARD_ERRORS = 3
_N_DIMS, _N_LATENTS, _N_SAMPLES = 100, 200, 10


@dataclass(frozen=True)
class _Level:
    """Squared errors per latent and noise variance at one sparsity; `measured` and `oracle` have one per sample."""

    share: float
    n_active: int
    measured: np.ndarray
    oracle: np.ndarray
    theory: float
    floor: float

    @property
    def ratio(self) -> float:
        return self.n_active / _N_DIMS

    @property
    def middle(self) -> float:
        """The median over samples: theory's limit is what a typical sample does, and one that is lost, as some are
        for finite N, outweighs all others in a mean.
        """
        return float(np.median(self.measured))

    @property
    def error(self) -> float:
        """Standard error of the median, from the quartiles."""
        return _median_error(self.measured)


def _median_error(values: np.ndarray) -> float:
    """1.2533 standard deviations over the root of the number, the deviation taken from the quartiles."""
    low, high = np.quantile(values, (0.25, 0.75), method="inverted_cdf")
    return float(1.2533 * (high - low) / 1.349 / np.sqrt(len(values))) if np.isfinite(high) else 0.0


def check_noise(coder: Coder, *, seed: int, quick: bool) -> Findings:
    """Squared error per noise variance at three sparsities, signed (with --quick) and non-negative codes."""
    checks, records, facets = [], [], []
    signs: tuple[CodeSign, ...] = ("signed",) if quick else ("signed", "nonnegative")
    for sign in signs:
        levels = [_measure(coder, sign, share, seed, 3 if quick else 10) for share in SHARES]
        for level in levels:
            checks += [_upper(coder, sign, level), _lower(sign, level)]
            records.append(_record(sign, level))
        facets.append(_facet(coder, sign, levels))
    return Findings(checks, {"noise": pd.DataFrame.from_records(records)}, [_panel(facets)])


def _measure(coder: Coder, sign: CodeSign, share: float, seed: int, n_dictionaries: int) -> _Level:
    delta = _N_DIMS / _N_LATENTS
    # As at the boundary: only a method that says which convex problem it solves is held to what the sign can give it.
    judged_by: CodeSign = "signed" if coder.method.solves is None else sign
    n_active = round(share * float(l1_transition(delta, judged_by)) * _N_DIMS)
    measured, oracle = [], []
    for i in range(n_dictionaries):
        rng = generator(seed, f"noise {sign} {share} {i}")
        dictionary = gaussian_dictionary(rng, _N_DIMS, _N_LATENTS)
        nonnegative = sign == "nonnegative"
        codes = sparse_codes(rng, _N_SAMPLES, _N_LATENTS, n_active, nonnegative=nonnegative, normal=True)
        numbers = {"n_active": n_active, "noise_std": NOISE_STD, "magnitude": 1.0}
        problem = observe(rng, dictionary, codes, nonnegative=nonnegative, **numbers)
        measured.append(_squared_error(problem, coder.solve(problem).codes))
        oracle.append(_squared_error(problem, _oracle(problem)))
    theory = noise_sensitivity(delta, n_active / _N_DIMS, judged_by)
    if coder.method.solves == "basis-pursuit":
        theory = _unpenalised(delta, n_active / _N_DIMS, sign)
    floor = oracle_floor(_N_DIMS, n_active, NOISE_STD) / (_N_LATENTS * NOISE_STD**2)
    return _Level(share, n_active, np.concatenate(measured), np.concatenate(oracle), float(theory), float(floor))


def _squared_error(problem: Problem, codes: np.ndarray) -> np.ndarray:
    error = np.sum((codes.astype(float) - problem.codes) ** 2, axis=1) / (_N_LATENTS * NOISE_STD**2)
    return np.where(np.isfinite(error), error, np.inf)


def _oracle(problem: Problem) -> np.ndarray:
    """Least squares on the true support of each sample."""
    codes = np.zeros_like(problem.codes)
    for row, truth, observation in zip(codes, problem.codes, problem.observations, strict=True):
        support = truth != 0
        row[support] = np.linalg.lstsq(problem.dictionary[:, support], observation, rcond=None)[0]
    return codes


def _unpenalised(delta: float, ratio: float, sign: CodeSign) -> float:
    """The lasso's worst-case formal error in the limit of no penalty, where as many codes as dimensions are active."""
    sides, eps = (2 if sign == "signed" else 1), ratio * delta
    # Share of active codes at threshold t: eps + sides (1 - eps) Phi(-t) = delta.
    t = float(norm.isf((delta - eps) / (sides * (1 - eps))))
    excess = (1 + t**2) * norm.cdf(-t) - t * norm.pdf(t)
    mse = eps * (1 + t**2) + sides * (1 - eps) * excess
    return float(mse / (1 - mse / delta)) if mse < delta else np.inf


def _upper(coder: Coder, sign: CodeSign, level: _Level) -> Check:
    # A spread as wide as theory itself is no excuse.
    allowed = min(FINITE_SIZE * level.theory + STANDARD_ERRORS * level.error, level.theory)
    bound = level.theory + allowed
    which = "the lasso without penalty" if coder.method.solves == "basis-pursuit" else "the best penalised lasso"
    return judge(
        f"noise, {_words(sign)} codes, {level.share:g} of the transition",
        level.middle <= bound,
        level.middle,
        bound,
        f"median squared error per latent and noise variance {level.middle:.3g} ± {level.error:.2g}, at most "
        f"{bound:.3g}: the worst-case formal error {level.theory:.3g} of {which}, {FINITE_SIZE:.0%} more for finite N, "
        f"and {STANDARD_ERRORS} standard errors (together at most twice theory); {_setting(level)}.",
    )


def _lower(sign: CodeSign, level: _Level) -> Check:
    ratios = level.measured / level.oracle
    ratio = float(np.median(ratios))
    bound = 1 - SHRINKAGE - STANDARD_ERRORS * _median_error(np.minimum(ratios, 2))
    return judge(
        f"not too good, {_words(sign)} codes, {level.share:g} of the transition",
        ratio >= bound,
        ratio,
        bound,
        f"median ratio {ratio:.3g} of the squared error to that of least squares on the true support, of the same "
        f"noise; at least {bound:.3g}, which is 1 less {SHRINKAGE:.0%} for what knowing the amplitudes' distribution "
        f"can gain and {STANDARD_ERRORS} standard errors. Less would mean that the method sees the truth.",
    )


def _setting(level: _Level) -> str:
    return (
        f"K / M = {level.ratio:g}, M = {_N_DIMS}, N = {_N_LATENTS}, noise {NOISE_STD:g}, amplitudes standard normal, "
        f"{len(level.measured)} samples"
    )


def _words(sign: CodeSign) -> str:
    return "non-negative" if sign == "nonnegative" else "signed"


def _record(sign: CodeSign, level: _Level) -> dict:
    return {
        "code_sign": sign,
        "sparsity_ratio": level.ratio,
        "n_active": level.n_active,
        "median": level.middle,
        "mean": float(np.mean(level.measured)),
        "standard_error": level.error,
        "theory": level.theory,
        "oracle": float(np.median(level.oracle)),
        "oracle_theory": level.floor,
        "n_samples": len(level.measured),
    }


def _facet(coder: Coder, sign: CodeSign, levels: list[_Level]) -> SeriesFacet:
    delta = _N_DIMS / _N_LATENTS
    ratio = np.linspace(0.1, 0.95, 60) * float(l1_transition(delta, sign))
    n_active = ratio * _N_DIMS
    floor = n_active * _N_DIMS / (_N_DIMS - n_active - 1) / _N_LATENTS
    x = np.array([level.ratio for level in levels])
    middle = np.array([level.middle for level in levels])
    half = np.array([2 * level.error for level in levels])
    known = Series("support known", x, np.array([np.median(level.oracle) for level in levels]))
    tips = [
        f"ρ = {a:.3f}: {b:.3g} ± {c / 2:.2g} per latent and noise variance"
        for a, b, c in zip(x, middle, half, strict=True)
    ]
    finite = np.isfinite(middle)
    low, high = (np.where(finite, bound, np.nan) for bound in (np.maximum(middle - half, middle / 10), middle + half))
    own = Series(coder.method.name, x, np.where(finite, middle, np.nan), low, high, tips=tips)
    curves = [
        Curve("theory, lasso's worst case", ratio, noise_sensitivity(delta, ratio, sign)),
        Curve("theory, support known", ratio, floor),
    ]
    if coder.method.solves == "basis-pursuit":
        curves.append(Curve("theory, no penalty", ratio, np.array([_unpenalised(delta, r, sign) for r in ratio])))
    return SeriesFacet(f"{_words(sign)} codes", [own, known], curves)


def _panel(facets: list[SeriesFacet]) -> Panel:
    return cut_plot(
        facets,
        name="noise",
        title="Squared error per noise variance",
        caption="Median with two standard errors, against the worst-case formal error of the best penalised "
        "lasso (Donoho, Maleki & Montanari 2011) and least squares on the support.",
        alt="The squared error over the sparsity ratio, between the oracle's and the lasso's worst case.",
        x_label="sparsity per measurement ρ = K/M",
        y_label="squared error / (N σ²)",
        y_log=True,
    )
