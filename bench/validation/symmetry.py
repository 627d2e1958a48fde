"""What changes the problem's names and units alone must change the codes alike."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bench.validation.check import Check, Findings, at_most, failed, skipped
from bench.validation.problems import N_LATENTS, Problem, generator, usual
from bench.validation.repeat import key_spread
from bench.validation.subject import Coder, relative_errors

NOISE_STD = 0.02


def check_symmetry(coder: Coder, *, seed: int, quick: bool) -> Findings:
    """Order and signs of the atoms, and the scale of the observations with all numbers told."""
    problem = usual(seed, "symmetry", noise_std=NOISE_STD)
    rng = generator(seed, "symmetry, changes")
    order = rng.permutation(N_LATENTS)
    signs = rng.choice([-1.0, 1.0], N_LATENTS)
    plain = coder.solve(problem).codes.astype(float)
    spread = key_spread(coder, problem)
    checks = [
        _compare(
            coder,
            "order of the atoms",
            replace(problem, dictionary=problem.dictionary[:, order]),
            plain[:, order],
            spread,
            "atoms permuted: the codes must be permuted alike",
        )
    ]
    if np.min(plain) >= 0:
        checks.append(skipped("signs of the atoms", "the method keeps codes >= 0, though told that they are signed"))
    else:
        checks.append(
            _compare(
                coder,
                "signs of the atoms",
                replace(problem, dictionary=problem.dictionary * signs),
                plain * signs,
                spread,
                "half of the atoms negated: so must be their codes",
            )
        )
    checks += [
        _compare(
            coder,
            f"scale of the observations, {factor:g}",
            _scaled(problem, factor),
            factor * plain,
            spread,
            f"observations and all numbers told times {factor:g}: so must be the codes",
        )
        for factor in (100.0, 0.01)
    ]
    return Findings(checks)


def _scaled(problem: Problem, factor: float) -> Problem:
    k = problem.knowledge
    scale: Callable[[object], float] = lambda number: factor * float(number)  # type: ignore[arg-type] # noqa: E731
    knowledge = replace(k, noise_std=scale(k.noise_std), magnitude=scale(k.magnitude), penalty=scale(k.penalty))
    return replace(
        problem, codes=factor * problem.codes, observations=factor * problem.observations, knowledge=knowledge
    )


def _compare(coder: Coder, name: str, problem: Problem, expected: np.ndarray, spread: float, meaning: str) -> Check:
    answer = coder.attempt(problem)
    if isinstance(answer, str):
        return failed(name, answer)
    # A tie decided the other way by rounding is one sample; a method that depends on names or units fails in most.
    moved = float(np.quantile(relative_errors(expected, answer.codes), 0.8, method="inverted_cdf"))
    bound = max(coder.tolerance, 3 * spread)
    random = f" and three times the {spread:.1e} between two keys" if spread > 0 else ""
    return at_most(
        name,
        moved,
        bound,
        f"{meaning}; 80% of them are within {moved:.1e} of that (at most {bound:.2g}, the solver's own tolerance"
        f"{random}).",
    )
