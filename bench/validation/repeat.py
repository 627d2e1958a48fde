"""The same input gives the same codes, and a sample's codes depend on that sample alone."""

from dataclasses import replace

import numpy as np

from bench.validation.check import Findings, at_most, judge
from bench.validation.problems import N_SAMPLES, Problem, usual
from bench.validation.subject import Coder, relative_errors


def check_repetition(coder: Coder, *, seed: int, quick: bool) -> Findings:
    """Determinism for a key, and independence of the batch."""
    problem = usual(seed, "repetition", noise_std=0.02)
    # Samples of very different size: what depends on the batch's mean or maximum shows.
    sizes = 10.0 ** (np.arange(N_SAMPLES) % 3 - 1)[:, None]
    problem = replace(problem, codes=sizes * problem.codes, observations=sizes * problem.observations)
    first, again = coder.solve(problem).codes, coder.solve(problem).codes
    same = bool(np.array_equal(first, again, equal_nan=True))
    moved = float(np.max(relative_errors(first.astype(float), again)))
    determinism = judge(
        "determinism",
        same,
        moved,
        0,
        f"the same call twice with the same key {'gives the same bits' if same else f'differs by {moved:.1e}'}.",
    )
    return Findings([determinism, _independence(coder, problem, first.astype(float))])


def _independence(coder: Coder, problem: Problem, together: np.ndarray):
    chosen = (0, 1, 2)
    alone = np.concatenate([coder.solve(problem.take(slice(i, i + 1))).codes for i in chosen])
    moved = float(np.max(relative_errors(together[list(chosen)], alone)))
    spread = key_spread(coder, problem)
    bound = max(coder.tolerance, 3 * spread)
    return at_most(
        "independence of samples",
        moved,
        bound,
        f"codes of samples solved alone are within {moved:.1e} of those in a batch of sizes from 0.1 to 10 "
        f"(at most {bound:.2g}, the solver's own tolerance).",
    )


def key_spread(coder: Coder, problem: Problem) -> float:
    """The median relative difference of codes between two keys: 0 for a method without randomness."""
    first, second = (coder.solve(problem, key=key).codes.astype(float) for key in (0, 1))
    spread = float(np.median(relative_errors(first, second)))
    return spread if np.isfinite(spread) else 0.0
