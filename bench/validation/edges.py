"""The ends of the range: nothing active, everything active, one sample, nothing observed, and what is not finite."""

from dataclasses import replace

import numpy as np

from bench.validation.check import Check, Findings, at_most, failed, judge
from bench.validation.problems import N_DIMS, N_LATENTS, N_SAMPLES, Problem, usual
from bench.validation.subject import Answer, Coder, insane_statuses, relative_errors

_VICTIM = 2


def check_edges(coder: Coder, *, seed: int, quick: bool) -> Findings:
    """No exception, no surprise: each edge is a check of its own."""
    usual_problem = usual(seed, "edges")
    checks = [
        _silence(coder, usual(seed, "edges", n_active=0), "edge, K = 0", "told that no latent is active"),
        _recovers(coder, usual(seed, "edges", n_active=1), "edge, K = 1", "one active latent a sample"),
        _dense(coder, usual(seed, "edges", n_active=N_DIMS)),
        _recovers(coder, usual_problem.take(slice(0, 1)), "edge, one sample", "a batch of one"),
        _zero_among_others(coder, usual_problem),
        *(_not_finite(coder, usual_problem, bad) for bad in (np.nan, np.inf)),
    ]
    return Findings(checks)


def _silence(coder: Coder, problem: Problem, name: str, meaning: str) -> Check:
    answer = coder.attempt(problem)
    if isinstance(answer, str):
        return failed(name, f"{answer} ({meaning})")
    largest = _largest(answer.codes)
    return at_most(name, largest, 1e-6, f"largest code {largest:.1e} where nothing is observed; {meaning}.")


def _recovers(coder: Coder, problem: Problem, name: str, meaning: str) -> Check:
    answer = coder.attempt(problem)
    if isinstance(answer, str):
        return failed(name, f"{answer} ({meaning})")
    error = float(np.median(relative_errors(problem.codes, answer.codes)))
    return at_most(
        name,
        error,
        coder.tolerance,
        f"median relative error {error:.1e} (at most {coder.tolerance:g}); {meaning}, no noise.",
    )


def _dense(coder: Coder, problem: Problem) -> Check:
    name = f"edge, K = M = {N_DIMS}"
    answer = coder.attempt(problem)
    if isinstance(answer, str):
        return failed(name, answer)
    lost = int(np.sum(~np.all(np.isfinite(answer.codes), axis=1)))
    insane = insane_statuses(answer)
    return judge(
        name,
        lost + insane == 0,
        lost + insane,
        0,
        f"{lost} of {len(answer.codes)} codes are not finite and {insane} statuses contradict their codes, far above "
        "the transition, where no method can be right.",
    )


def _zero_among_others(coder: Coder, problem: Problem) -> Check:
    name = "edge, one zero observation"
    observations = problem.observations.copy()
    observations[_VICTIM] = 0
    answer = coder.attempt(replace(problem, observations=observations))
    if isinstance(answer, str):
        return failed(name, answer)
    largest = _largest(answer.codes[_VICTIM])
    return at_most(name, largest, 1e-6, f"largest code {largest:.1e} of an observation that is zero, among others.")


def _not_finite(coder: Coder, problem: Problem, bad: float) -> Check:
    name = f"edge, {bad} in one sample"
    clean = coder.solve(problem)
    observations = problem.observations.copy()
    observations[_VICTIM, 1] = bad
    answer = coder.attempt(replace(problem, observations=observations))
    if isinstance(answer, str):
        return failed(name, f"{answer}; numbers must never raise")
    others = np.arange(N_SAMPLES) != _VICTIM
    moved = float(np.max(relative_errors(clean.codes[others].astype(float), answer.codes[others])))
    told = _told(answer)
    return judge(
        name,
        told and moved <= coder.tolerance,
        moved,
        coder.tolerance,
        f"the sample's own codes {'are NaN' if told else 'are finite, as if nothing were wrong'}; those of the others "
        f"move by at most {moved:.1e} of their norm (at most {coder.tolerance:g}).",
    )


def _told(answer: Answer) -> bool:
    return bool(np.all(np.isnan(answer.codes[_VICTIM])) and answer.codes.shape[1] == N_LATENTS)


def _largest(codes: np.ndarray) -> float:
    return float(np.max(np.where(np.isfinite(codes), np.abs(codes), np.inf)))
