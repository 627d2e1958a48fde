"""Dictionaries that are not Gaussian: the fit, and the codes where they are unique, beside two reference solvers."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from bench.methods import built_in
from bench.validation.check import Check, Findings, failed, judge
from bench.validation.problems import (
    N_DIMS,
    N_LATENTS,
    N_SAMPLES,
    Problem,
    gaussian_dictionary,
    generator,
    observe,
    sparse_codes,
)
from bench.validation.subject import Coder, insane_statuses, misfits, relative_errors
from recovery.solution import Status

FACTOR = 3
"""By how much worse than the worse of the two references a median may be."""
LEAST_BOUND = 0.03
_ACTIVE = 3


def _coherent(rng: np.random.Generator) -> np.ndarray:
    common = rng.standard_normal((N_DIMS, 1))
    atoms = gaussian_dictionary(rng) + 0.7 * common / np.linalg.norm(common)
    return atoms / np.linalg.norm(atoms, axis=0)


def _scaled(rng: np.random.Generator) -> np.ndarray:
    return gaussian_dictionary(rng) * np.exp(rng.uniform(np.log(0.3), np.log(3), N_LATENTS))


def _deficient(rng: np.random.Generator) -> np.ndarray:
    rank = 3 * N_DIMS // 4
    atoms = rng.standard_normal((N_DIMS, rank)) @ rng.standard_normal((rank, N_LATENTS))
    return atoms / np.linalg.norm(atoms, axis=0)


def _repeated(rng: np.random.Generator) -> np.ndarray:
    atoms = gaussian_dictionary(rng)
    atoms[:, N_LATENTS // 2 :] = atoms[:, : N_LATENTS // 2]
    return atoms


def _conditioned(rng: np.random.Generator) -> np.ndarray:
    left, _, right = np.linalg.svd(gaussian_dictionary(rng), full_matrices=False)
    atoms = left * np.geomspace(1, 0.1, N_DIMS) @ right
    return atoms / np.linalg.norm(atoms, axis=0)


KINDS: dict[str, tuple[Callable[[np.random.Generator], np.ndarray], bool, str]] = {
    "coherent": (_coherent, True, "all pairs of atoms correlated, cosine 1/3 on average"),
    "scaled": (_scaled, True, "norms from 0.3 to 3"),
    "rank-deficient": (_deficient, True, "rank three quarters of M"),
    "repeated atoms": (_repeated, False, "every atom twice, so that only A z is judged"),
    "ill-conditioned": (_conditioned, False, "singular values over a decade, so that only A z is judged"),
}
"""Name -> how atoms are made, whether the codes are unique, and what it is."""


def check_dictionaries(coder: Coder, *, seed: int, quick: bool) -> Findings:
    """Finite codes, sane statuses, and no worse than orthogonal matching pursuit and the lasso within a factor."""
    references = {name: Coder(built_in()[name], precision=coder.precision) for name in ("fista", "omp")}
    checks, records = [], []
    for kind, (make, unique, meaning) in KINDS.items():
        problems = [_problem(seed, kind, make, i) for i in range(1 if quick else 4)]
        medians = {name: _medians([one.attempt(p) for p in problems], problems) for name, one in references.items()}
        check, own = _check(coder, kind, problems, unique, meaning, medians)
        checks.append(check)
        records += [
            {"dictionary": kind, "method": name, "misfit": misfit, "code_error": error if unique else np.nan}
            for name, (misfit, error) in {coder.method.name: own, **medians}.items()
        ]
    return Findings(checks, {"dictionaries": pd.DataFrame.from_records(records)})


def _problem(seed: int, kind: str, make: Callable[[np.random.Generator], np.ndarray], index: int) -> Problem:
    rng = generator(seed, f"dictionary {kind} {index}")
    dictionary = make(rng)
    codes = sparse_codes(rng, N_SAMPLES, N_LATENTS, _ACTIVE)
    return observe(rng, dictionary, codes, n_active=_ACTIVE)


def _medians(answers: list, problems: list[Problem]) -> tuple[float, float]:
    """Median over samples of ||y - A z|| / ||y|| and of the codes' relative error."""
    fit = [misfits(p, a.codes) for p, a in zip(problems, answers, strict=True) if not isinstance(a, str)]
    error = [
        relative_errors(p.codes, a.codes) for p, a in zip(problems, answers, strict=True) if not isinstance(a, str)
    ]
    return (float(np.median(np.concatenate(fit))), float(np.median(np.concatenate(error)))) if fit else (np.inf, np.inf)


def _check(
    coder: Coder, kind: str, problems: list[Problem], unique: bool, meaning: str, medians: dict
) -> tuple[Check, tuple[float, float]]:
    name = f"dictionary, {kind}"
    answers = [coder.attempt(problem) for problem in problems]
    own = _medians(answers, problems)
    for answer in answers:
        if isinstance(answer, str):
            return failed(name, f"{answer} ({meaning})"), own
        if not np.all(np.isfinite(answer.codes)):
            return failed(name, f"codes are not finite ({meaning})"), own
        if insane_statuses(answer):
            return failed(name, f"{insane_statuses(answer)} statuses contradict the codes ({meaning})"), own
    bounds = [max(LEAST_BOUND, FACTOR * max(values)) for values in zip(*medians.values(), strict=True)]
    value, bound = (own[0], bounds[0]) if not unique or own[0] > bounds[0] else (own[1], bounds[1])
    what = f"median ||y - A z|| / ||y|| {own[0]:.1e} (at most {bounds[0]:.2g})"
    if unique:
        what += f", median error of the codes {own[1]:.1e} (at most {bounds[1]:.2g})"
    unsure = int(sum(np.sum(a.status != Status.CONVERGED) for a in answers if not isinstance(a, str)))
    what += f", {unsure} samples reported as not converged" if unsure else ""
    passed = own[0] <= bounds[0] and (not unique or own[1] <= bounds[1])
    return judge(
        name,
        passed,
        value,
        bound,
        f"{what}; {meaning}; K = {_ACTIVE}, no noise. Bounds: {FACTOR} times the worse of fista and omp, and at least "
        f"{LEAST_BOUND:g}.",
    ), own
