"""How many atoms of a known dictionary do classical learners find?

The synthetic test of Aharon, Elad & Bruckstein 2006: 1,500 signals, each of 3 atoms of a dictionary of 50 atoms in 20
dimensions, at a signal-to-noise ratio of 20 dB; 80 iterations; a true atom is found where 1 - |cosine| with the nearest
learned one is below .01. They report about 92% for K-SVD. Entries of the dictionary, coefficients and noise are normal
here, and an iteration of online learning is a pass over the signals. Each seed draws dictionary, signals and the
learner's randomness. Learners are told that codes are signed, and the greedy ones that there are 3; all else is their
default unless the row says so. Intervals are Student's t over seeds, at 95%. Seconds are those of one problem after
compilation, one at a time, on all the cores that XLA takes.
"""

import argparse
import time

import jax
import jax.numpy as jnp
import pandas as pd
from jaxtyping import Array, Float, PRNGKeyArray

from analysis.metrics.dictionary_similarity import absolute_cosine
from analysis.statistics.intervals import mean_interval
from bench.compare.contests.dictionary_learning import (
    FOUND,
    N_ACTIVE,
    N_ATOMS,
    N_DIMS,
    N_SIGNALS,
    SNR_DB,
    problem_of,
)
from recovery.learner import DictionaryLearner
from recovery.learners import (
    AlternatingMod,
    ApproximateKsvd,
    FastIca,
    Ksvd,
    Mod,
    OnlineDictionaryLearning,
    Pca,
    UnrelatedDictionary,
)


def learners(n_rounds: int) -> dict[str, DictionaryLearner]:
    lasso = {"nonnegative": False, "n_rounds": n_rounds}
    greedy = {"n_nonzero": N_ACTIVE, **lasso}
    return {
        "MOD": Mod(**greedy),
        "K-SVD": Ksvd(**greedy),
        "K-SVD, no replacement": Ksvd(**greedy, replace_every=0),
        "K-SVD, random start": Ksvd(**greedy, start="random"),
        "K-SVD, best of 4 runs": Ksvd(**greedy, n_restarts=4),
        "approximate K-SVD": ApproximateKsvd(**greedy),
        "online": OnlineDictionaryLearning(**lasso),
        "alternating MOD, l1": AlternatingMod(**lasso),
        "FastICA": FastIca(**lasso),
        "PCA": Pca(nonnegative=False),
        "random atoms": UnrelatedDictionary(nonnegative=False),
    }


@jax.jit
def found(learner: DictionaryLearner, keys: Array) -> Float[Array, " n_seeds"]:
    """The share of atoms found for each key, one problem after the other in one compiled program."""

    def one(key: PRNGKeyArray) -> Float[Array, ""]:
        key_problem, key_fit = jax.random.split(key)
        dictionary, signals = problem_of(key_problem)
        fit = learner.fit(signals, n_atoms=N_ATOMS, key=key_fit)
        return jnp.mean(1 - jnp.max(absolute_cosine(dictionary, fit.dictionary), axis=1) < FOUND)

    return jax.lax.map(one, keys)


def run(n_seeds: int, n_rounds: int) -> pd.DataFrame:
    """One row for each seed and learner."""
    keys = jax.vmap(jax.random.key)(jnp.arange(n_seeds))
    rows = []
    for name, learner in learners(n_rounds).items():
        compiled = found.lower(learner, keys).compile()
        start = time.perf_counter()
        shares = jax.block_until_ready(compiled(learner, keys))
        seconds = (time.perf_counter() - start) / n_seeds
        rows += [(seed, name, float(share), seconds) for seed, share in enumerate(shares)]
    return pd.DataFrame(rows, columns=["seed", "learner", "found", "seconds"])


def table(results: pd.DataFrame) -> str:
    lines = [f"{'learner':<22} {'atoms found':<26} {'lowest':<8} seconds a problem"]
    for name, rows in results.groupby("learner", sort=False):
        share = mean_interval(rows["found"])
        lines.append(
            f"{name:<22} {share.estimate:6.1%} [{share.low:6.1%}, {share.high:6.1%}]   {rows['found'].min():<8.0%} "
            f"{rows['seconds'].iloc[0]:.3f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="problems drawn (default 20)")
    parser.add_argument("--rounds", type=int, default=80, help="iterations (default 80)")
    given = parser.parse_args()
    print(
        f"N={N_ATOMS} M={N_DIMS} K={N_ACTIVE}, {N_SIGNALS} signals, {SNR_DB} dB, {given.rounds} iterations, "
        f"{given.seeds} seeds"
    )
    print(table(run(given.seeds, given.rounds)))


if __name__ == "__main__":
    main()
