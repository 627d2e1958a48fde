"""The dictionary test of Aharon, Elad & Bruckstein (2006): how many atoms are found, and how soon."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from analysis.metrics.dictionary_similarity import absolute_cosine
from bench.compare.contest import OURS, Contest, Entrant, peer
from bench.compare.ours import compiled
from recovery.learners import AlternatingMod, ApproximateKsvd, Mod
from toymodels.latents import exact_k
from toymodels.mixing import gaussian_dictionary

N_ATOMS, N_DIMS, N_ACTIVE, N_SIGNALS, SNR_DB, N_ROUNDS = 50, 20, 3, 1500, 20, 80
FOUND = 0.01
"""A true atom is found where 1 - |cosine| with the nearest learned one is below this."""


def problem_of(key: PRNGKeyArray) -> tuple[Float[Array, "n_dims n_atoms"], Float[Array, "n_signals n_dims"]]:
    """A dictionary and its noisy signals."""
    key_atoms, key_codes, key_noise = jax.random.split(key, 3)
    dictionary = gaussian_dictionary(key_atoms, n_dims=N_DIMS, n_latents=N_ATOMS)
    signals = exact_k(key_codes, n_samples=N_SIGNALS, n_latents=N_ATOMS, n_active=N_ACTIVE) @ dictionary.T
    noise_std = jnp.sqrt(jnp.mean(signals**2)) * 10 ** (-SNR_DB / 20)
    return dictionary, signals + noise_std * jax.random.normal(key_noise, signals.shape)


class Problem(NamedTuple):
    """The truth, the signals, and a seed for the learner."""

    dictionary: np.ndarray
    signals: np.ndarray
    seed: int


def problem(seed: int, quick: bool) -> Problem:
    """One of the test's dictionaries; quick makes no difference, as it takes seconds."""
    dictionary, signals = problem_of(jax.random.key(seed))
    return Problem(np.asarray(dictionary), np.asarray(signals), seed)


def _ours(learner: Any):
    return compiled(
        lambda y, key: learner.fit(y, n_atoms=N_ATOMS, key=key).dictionary,
        lambda problem: (problem.signals, jax.random.key(problem.seed)),
    )


def _spams(n_threads: int, batch: int):
    def start(one: Problem):
        spams = peer("spams")

        def solve(problem: Problem) -> np.ndarray:
            np.random.seed(problem.seed)  # noqa: NPY002 (what SPAMS draws its start from)
            columns = np.asfortranarray(problem.signals.T.astype(np.float64))
            # Of l1 and l0 codes, penalties and batches the ones that find most, and find many soonest.
            settings: dict[str, Any] = {"mode": 2, "lambda1": 0.15, "iter": N_ROUNDS, "batchsize": batch}
            return spams.trainDL(columns, K=N_ATOMS, numThreads=n_threads, verbose=False, **settings)

        return solve

    return start


def _sklearn(n_threads: int):
    def start(one: Problem):
        from sklearn.decomposition import MiniBatchDictionaryLearning

        def solve(problem: Problem) -> np.ndarray:
            settings: dict[str, Any] = {"transform_algorithm": "omp", "fit_algorithm": "lars", "alpha": 0.1}
            learner = MiniBatchDictionaryLearning(
                N_ATOMS, batch_size=256, max_iter=N_ROUNDS, random_state=problem.seed, n_jobs=n_threads, **settings
            )
            return learner.fit(problem.signals).components_.T

        return solve

    return start


def _score(problem: Problem, answer: Any) -> dict[str, float]:
    similarity = absolute_cosine(jnp.asarray(problem.dictionary), jnp.asarray(answer, jnp.float32))
    nearest = np.asarray(jnp.max(similarity, axis=1))
    return {"found": float(np.mean(1 - nearest < FOUND))}


SETTINGS = {"nonnegative": False, "n_rounds": N_ROUNDS}

CONTEST = Contest(
    name="dictionary-learning",
    title="Dictionary learning",
    what="Aharon, Elad & Bruckstein 2006: 1,500 signals of 3 of 50 atoms in 20 dimensions, at 20 dB.",
    problem=problem,
    entrants=lambda n_threads: [
        Entrant("superposed, Mod", OURS, _ours(Mod(n_nonzero=N_ACTIVE, **SETTINGS))),
        Entrant("superposed, ApproximateKsvd", OURS, _ours(ApproximateKsvd(n_nonzero=N_ACTIVE, **SETTINGS))),
        Entrant("superposed, AlternatingMod", OURS, _ours(AlternatingMod(**SETTINGS))),
        Entrant("SPAMS, trainDL, batches of 256", "spams-bin", _spams(n_threads, 256), "spams"),
        Entrant("SPAMS, trainDL, whole", "spams-bin", _spams(n_threads, N_SIGNALS), "spams"),
        Entrant("scikit-learn, MiniBatchDictionaryLearning", "scikit-learn", _sklearn(n_threads), "sklearn"),
    ],
    score=_score,
    better={"found": "more"},
    repeats=8,
)
