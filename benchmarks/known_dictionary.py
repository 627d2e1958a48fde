"""Sparse coding with a known dictionary at one fixed size: what each coder gets right, and how fast.

Run as `python -m benchmarks.known_dictionary`; about two minutes on two cores.

10,000 signals of K = 5 standard normal codes on uniformly random supports, a Gaussian dictionary of N = 256 unit atoms
in M = 64 dimensions, and noise 20 dB below the signal: sigma^2 = E||A z||^2 / (100 M). Every coder is told K, sigma
and the penalty that theory finds best for the lasso. F1 is of the supports, entries below 10^-3 of the largest counting
as 0; NMSE is ||z^ - z||^2 / ||z||^2 over all signals. Seconds are the median of repeated runs of the compiled coder, in
float32. The last column is the share of signals whose solve did not converge.
"""

import argparse
import functools
import time
from collections.abc import Callable
from statistics import median

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.metrics import nmse, support_scores
from analysis.statistics.intervals import mean_interval
from analysis.theory.l1_transition import minimax_threshold
from analysis.theory.oracle_floor import oracle_floor
from bench.compare.contests.sparse_coding import N_ACTIVE, N_DIMS, N_LATENTS, SNR_DB, noise_std, penalty
from bench.methods import built_in
from recovery.knowledge import Knowledge
from recovery.solution import Solution, Status
from toymodels.latents import exact_k
from toymodels.mixing import gaussian_dictionary
from toymodels.problem import observe

N_SAMPLES = 10_000
DEFAULT = ("omp", "fista", "bayes-amp")
"""One coder of a family; others, by `--method`, take up to minutes on so many signals."""


def knowledge() -> Knowledge:
    """What every coder is told."""
    return Knowledge(
        n_dims=N_DIMS,
        n_latents=N_LATENTS,
        max_active=N_ACTIVE,
        nonnegative=False,
        n_active=N_ACTIVE,
        noise_std=noise_std(),
        penalty=penalty(),
        threshold=float(minimax_threshold(N_DIMS / N_LATENTS, "signed")),
    )


def run(names: list[str], n_seeds: int, n_repeats: int) -> pd.DataFrame:
    """One row for each seed and coder."""
    rows = []
    for seed in range(n_seeds):
        key_atoms, key_codes, key_noise = jax.random.split(jax.random.key(seed), 3)
        dictionary = gaussian_dictionary(key_atoms, n_dims=N_DIMS, n_latents=N_LATENTS)
        codes = exact_k(key_codes, n_samples=N_SAMPLES, n_latents=N_LATENTS, n_active=N_ACTIVE)
        observations = observe(key_noise, dictionary, codes, noise_std())
        for name in names:
            solution, seconds = timed(name, dictionary, observations, n_repeats)
            found = jnp.nan_to_num(solution.codes)
            scores = support_scores(codes, found, threshold=1e-3 * jnp.max(jnp.abs(found)))
            error = 10 * np.log10(float(nmse(codes, found)))
            failed = float(np.mean(np.asarray(solution.status) != Status.CONVERGED))
            rows.append((seed, name, float(scores.f1), error, seconds, failed))
    return pd.DataFrame(rows, columns=["seed", "method", "support_f1", "nmse_db", "seconds", "not_converged"])


@functools.cache
def program(name: str) -> Callable[[jax.Array, jax.Array], Solution]:
    """The coder as one compiled function of dictionary and observations."""
    coder = built_in()[name].build(knowledge())
    return jax.jit(lambda a, y: coder(a, y, key=jax.random.key(0)))


def timed(name: str, dictionary: jax.Array, observations: jax.Array, n_repeats: int) -> tuple[Solution, float]:
    """The solution and the median seconds of its compiled runs; compiling and a first run are left out."""
    solve = program(name)
    solution = jax.block_until_ready(solve(dictionary, observations))
    seconds = []
    for _ in range(n_repeats):
        start = time.perf_counter()
        jax.block_until_ready(solve(dictionary, observations))
        seconds.append(time.perf_counter() - start)
    return solution, median(seconds)


def table(results: pd.DataFrame) -> str:
    lines = [f"{'coder':<22} {'support F1':<22} {'NMSE in dB':<26} {'seconds':>8}  not converged"]
    order = results.groupby("method")["nmse_db"].mean().sort_values().index
    for name in order:
        rows = results[results["method"] == name]
        f1, error = mean_interval(rows["support_f1"]), mean_interval(rows["nmse_db"])
        lines.append(
            f"{name:<22} {f1.estimate:.3f} [{f1.low:.3f}, {f1.high:.3f}]   "
            f"{error.estimate:6.2f} [{error.low:6.2f}, {error.high:6.2f}]  {rows['seconds'].median():8.3f}  "
            f"{rows['not_converged'].mean():.4f}"
        )
    floor = 10 * np.log10(float(oracle_floor(N_DIMS, N_ACTIVE, noise_std())) / N_ACTIVE)
    return "\n".join([*lines, f"oracle floor (support known): {floor:.2f} dB"])


def main() -> None:
    coders = [name for name, method in built_in().items() if method.kind == "coder"]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="dictionaries drawn (default 5)")
    parser.add_argument("--repeats", type=int, default=3, help="timed runs of each (default 3)")
    parser.add_argument("--method", action="append", choices=coders, help=f"instead of {', '.join(DEFAULT)}")
    given = parser.parse_args()
    print(f"M={N_DIMS} N={N_LATENTS} K={N_ACTIVE}, {N_SAMPLES} signals at {SNR_DB:g} dB, {given.seeds} dictionaries")
    print(table(run(given.method or list(DEFAULT), given.seeds, given.repeats)))


if __name__ == "__main__":
    main()
