"""Many signals, one dictionary that is known: orthogonal matching pursuit, and the lasso."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from analysis.certificates.lasso import duality_gap
from analysis.metrics import nmse, support_scores
from analysis.theory.lasso_state_evolution import gaussian_amplitudes, optimal_lasso
from bench.compare.contest import OURS, Contest, Entrant, peer
from bench.compare.ours import compiled
from recovery.coders import Omp, Sparsa
from toymodels.latents import exact_k
from toymodels.mixing import gaussian_dictionary
from toymodels.problem import observe

N_DIMS, N_LATENTS, N_ACTIVE, SNR_DB = 64, 256, 5, 20.0


def noise_std() -> float:
    """Standard deviation per coordinate at which the signal, E||A z||^2 = K for unit atoms, stands 20 dB above."""
    return (N_ACTIVE / N_DIMS * 10 ** (-SNR_DB / 10)) ** 0.5


@functools.cache
def penalty() -> float:
    """The lasso's best in theory for these signals."""
    delta, density = N_DIMS / N_LATENTS, N_ACTIVE / N_LATENTS
    return float(optimal_lasso(delta, density, noise_std(), gaussian_amplitudes(), "signed").penalty)


class Problem(NamedTuple):
    """The dictionary, the codes and what is observed of them, in float32; observations and dictionary once more as
    columns of NumPy, as SPAMS wants them."""

    dictionary: jax.Array
    codes: jax.Array
    observations: jax.Array
    columns: np.ndarray
    atoms: np.ndarray


def problem(seed: int, quick: bool) -> Problem:
    """10,000 signals (quick: 1,000) of 5 of 256 atoms in 64 dimensions, at 20 dB."""
    key_atoms, key_codes, key_noise = jax.random.split(jax.random.key(seed), 3)
    dictionary = gaussian_dictionary(key_atoms, n_dims=N_DIMS, n_latents=N_LATENTS)
    n_samples = 1000 if quick else 10_000
    codes = exact_k(key_codes, n_samples=n_samples, n_latents=N_LATENTS, n_active=N_ACTIVE)
    observations = observe(key_noise, dictionary, codes, noise_std())
    # SPAMS reads columns in Fortran's order, from arrays of its own.
    atoms, columns = (np.array(one, order="F") for one in (dictionary, observations.T))
    return Problem(dictionary, codes, observations, columns, atoms)


def _ours(coder: Any):
    return compiled(lambda a, y: coder(a, y).codes, lambda problem: (problem.dictionary, problem.observations))


def _spams(function: str, **settings: Any):
    def start(one: Problem):
        spams = peer("spams")

        def solve(problem: Problem) -> Any:
            return getattr(spams, function)(problem.columns, D=problem.atoms, **settings)

        return solve

    return start


def _sklearn_omp(one: Problem):
    solver = peer("sklearn.linear_model").orthogonal_mp_gram

    def solve(problem: Problem) -> np.ndarray:
        gram, products = problem.atoms.T @ problem.atoms, problem.atoms.T @ problem.columns
        return solver(gram, products, n_nonzero_coefs=N_ACTIVE).T

    return solve


def _sklearn_lasso(n_threads: int):
    def start(one: Problem):
        from sklearn.decomposition import sparse_encode

        def solve(problem: Problem) -> np.ndarray:
            atoms, rows = np.ascontiguousarray(problem.atoms.T), np.ascontiguousarray(problem.columns.T)
            settings: dict[str, Any] = {"algorithm": "lasso_cd", "alpha": penalty(), "max_iter": 2000}
            return sparse_encode(rows, atoms, n_jobs=n_threads, **settings)

        return solve

    return start


def codes_of(answer: Any) -> np.ndarray:
    """Codes, a row a signal, whether they come as an array, or as SPAMS's sparse columns."""
    return np.asarray(answer.T.toarray() if hasattr(answer, "toarray") else answer, np.float64)


def _omp_score(problem: Problem, answer: Any) -> dict[str, float]:
    truth, codes = problem.codes, jnp.asarray(codes_of(answer), jnp.float32)
    threshold = 1e-3 * jnp.max(jnp.abs(codes))
    return {
        "support_f1": float(support_scores(truth, codes, threshold=threshold).f1),
        "nmse_db": 10 * float(np.log10(float(nmse(truth, codes)))),
    }


def _lasso_score(problem: Problem, answer: Any) -> dict[str, float]:
    """Certified: no reference solver is needed."""
    codes = jnp.asarray(codes_of(answer), jnp.float32)
    gap = np.asarray(duality_gap(problem.dictionary, problem.observations, codes, penalty=penalty(), nonnegative=False))
    return {"largest_gap": float(gap.max()), "mean_gap": float(gap.mean())}


OMP = Contest(
    name="omp",
    title="Orthogonal matching pursuit",
    what="10,000 signals of 5 of 256 Gaussian atoms in 64 dimensions, noise 20 dB below; 5 atoms are chosen.",
    problem=problem,
    entrants=lambda n_threads: [
        Entrant("superposed, Omp", OURS, _ours(Omp(n_nonzero=N_ACTIVE, n_active=N_ACTIVE))),
        # Told L alone, SPAMS 2.6 now and then returns zeros.
        Entrant(
            "SPAMS, omp",
            "spams-bin",
            _spams("omp", L=N_ACTIVE, eps=0.0, lambda1=0.0, numThreads=n_threads),
            "spams",
        ),
        Entrant("scikit-learn, orthogonal_mp_gram", "scikit-learn", _sklearn_omp, "sklearn"),
    ],
    score=_omp_score,
    better={"support_f1": "more", "nmse_db": "less"},
    repeats=11,
)

LASSO = Contest(
    name="lasso",
    title="Lasso",
    what="The same signals; min 1/2 |y - A z|^2 + penalty |z|_1 at the penalty that theory finds best.",
    problem=problem,
    entrants=lambda n_threads: [
        Entrant("superposed, Sparsa to 1e-4", OURS, _ours(Sparsa(penalty=penalty(), tolerance=1e-4))),
        Entrant(
            "SPAMS, lasso (LARS)",
            "spams-bin",
            _spams("lasso", lambda1=penalty(), mode=2, numThreads=n_threads),
            "spams",
        ),
        Entrant("scikit-learn, sparse_encode (lasso_cd)", "scikit-learn", _sklearn_lasso(n_threads), "sklearn"),
    ],
    score=_lasso_score,
    better={"largest_gap": "less", "mean_gap": "less"},
    repeats=3,
)
