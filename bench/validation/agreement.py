"""Agreement with certified solutions: of easy problems in the codes, of any problem in the objective."""

from dataclasses import replace

import numpy as np

from analysis.statistics import wilson_interval
from bench.validation.check import Check, Findings, at_most, failed, judge, skipped
from bench.validation.problems import N_ACTIVE, N_DIMS, N_LATENTS, N_SAMPLES, Problem, generator, told, usual
from bench.validation.reference import CERTIFIED, l1_solves, lasso_gaps, least_l1
from bench.validation.subject import Coder, misfits, relative_errors

NEARLY_ALL = 0.99
OBJECTIVE = 1e-3
"""Relative excess over the least objective; a solver that stops by a gap of 1e-4 ||y||^2, as scikit-learn's, passes."""


def check_agreement(coder: Coder, *, seed: int, quick: bool) -> Findings:
    """Noiseless codes well below the l1 transition, where basis pursuit certifies that the truth is the solution."""
    n_dictionaries = 2 if quick else 10
    checks = [_codes(coder, seed, n_dictionaries, nonnegative=nonnegative) for nonnegative in (False, True)]
    checks += [_objective(coder, seed, nonnegative=nonnegative) for nonnegative in (False, True)]
    return Findings(checks)


def _codes(coder: Coder, seed: int, n_dictionaries: int, *, nonnegative: bool) -> Check:
    sign = "non-negative" if nonnegative else "signed"
    name = f"agreement, {sign} codes"
    errors, bias = [], 0.0
    for i in range(n_dictionaries):
        problem = usual(seed, f"agreement {i}", nonnegative=nonnegative)
        counted = l1_solves(problem)
        errors.append(relative_errors(problem.codes, coder.solve(problem).codes)[counted])
        bias = max(bias, *(_lasso_bias(problem, int(j)) for j in np.flatnonzero(counted)), 0.0)
    found = np.concatenate(errors)
    if not len(found):
        return failed(name, "no problem was certified: another --seed may help")
    equal = int(np.sum(found <= coder.tolerance))
    share = wilson_interval(equal, len(found))
    return judge(
        name,
        bool(share.high >= NEARLY_ALL),
        equal / len(found),
        NEARLY_ALL,
        f"{equal} of {len(found)} codes equal the truth within {coder.tolerance:g} of its norm (95% interval of the "
        f"share {float(share.low):.3f} to {float(share.high):.3f}, which must reach {NEARLY_ALL:g}; median error "
        f"{np.median(found):.1e}); M = {N_DIMS}, N = {N_LATENTS}, K = {N_ACTIVE}, no noise, and basis pursuit "
        f"certifies to {CERTIFIED:g} that the truth is the l1 solution. At the penalty told, a lasso is biased by at "
        f"most {bias:.1e}; a penalty of a method's own may bias it by more.",
    )


def _lasso_bias(problem: Problem, sample: int) -> float:
    """How far the lasso's codes on the true support are from the truth, relative to its norm."""
    truth = problem.codes[sample]
    support = truth != 0
    atoms = problem.dictionary[:, support]
    shift = float(problem.knowledge.penalty) * np.linalg.solve(atoms.T @ atoms, np.sign(truth[support]))
    return float(np.linalg.norm(shift) / np.linalg.norm(truth))


def _objective(coder: Coder, seed: int, *, nonnegative: bool) -> Check:
    sign = "non-negative" if nonnegative else "signed"
    name, solves = f"objective, {sign} codes", coder.method.solves
    if solves is None:
        return skipped(
            name,
            'the method does not say that it solves a convex problem; an attribute solves = "lasso" or '
            '"basis-pursuit" says so',
        )
    if solves == "lasso":
        worst = max(_lasso_excess(coder, seed, fraction, nonnegative=nonnegative) for fraction in (0.02, 0.1, 0.5))
        reason = (
            "largest relative duality gap of the lasso at the penalty told (2%, 10% and 50% of the largest useful "
            "one), recomputed from the codes, on observations of dense codes"
        )
    else:
        worst = _basis_pursuit_excess(coder, seed, nonnegative=nonnegative)
        reason = (
            "the larger of the relative distance of the l1 norm from its certified minimum and ||A z - y|| / ||y||, "
            "on observations of dense codes"
        )
    bound = OBJECTIVE if coder.precision == "float64" else 10 * OBJECTIVE
    return at_most(name, worst, bound, f"{worst:.1e} (at most {bound:g}): {reason}.")


def _lasso_excess(coder: Coder, seed: int, fraction: float, *, nonnegative: bool) -> float:
    problem = _arbitrary(seed, nonnegative=nonnegative)
    correlations = problem.observations @ problem.dictionary
    largest = float(np.max(correlations if nonnegative else np.abs(correlations)))
    problem = replace(problem, knowledge=replace(problem.knowledge, penalty=fraction * largest))
    codes = coder.solve(problem).codes
    if nonnegative and np.any(codes < 0):
        return np.inf
    return float(np.max(lasso_gaps(problem, codes)))


def _basis_pursuit_excess(coder: Coder, seed: int, *, nonnegative: bool) -> float:
    problem = _arbitrary(seed, nonnegative=nonnegative)
    best, certified = least_l1(problem)
    codes = coder.solve(problem).codes.astype(float)
    if nonnegative and np.any(codes < -1e-6 * np.max(np.abs(codes))):
        return np.inf
    least, found = np.sum(np.abs(best), axis=1), np.sum(np.abs(codes), axis=1)
    excess = np.maximum(np.abs(found - least) / least, misfits(problem, codes))[certified]
    return float(np.max(np.where(np.isfinite(excess), excess, np.inf), initial=0.0)) if len(excess) else np.inf


def _arbitrary(seed: int, *, nonnegative: bool) -> Problem:
    """Observations with no sparse explanation; of dense non-negative codes where these must exist."""
    problem = usual(seed, "objective", nonnegative=nonnegative)
    rng = generator(seed, "objective, dense")
    codes = rng.standard_normal((N_SAMPLES, N_LATENTS))
    codes = np.abs(codes) if nonnegative else codes
    knowledge = told(problem.dictionary, n_active=N_DIMS, noise_std=0.0, nonnegative=nonnegative)
    return Problem(problem.dictionary, codes, codes @ problem.dictionary.T, knowledge)
