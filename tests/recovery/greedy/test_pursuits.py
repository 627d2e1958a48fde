"""Coders that keep K atoms: exact recovery where it is promised, brute force, and plain loops of the papers' steps."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery.coders.greedy import GREEDY, CoSaMP, Htp, Mp, Omp, SubspacePursuit
from recovery.coders.greedy.support import least_squares
from recovery.solution import Status

PURSUITS = {coder.name: coder for coder in GREEDY if coder is not Omp}
every_pursuit = pytest.mark.parametrize("name", list(PURSUITS))


@every_pursuit
@pytest.mark.parametrize("nonnegative", [False, True])
def test_recovers_sparse_codes(name, nonnegative, sparse_problem, solve):
    """2 of 80 atoms from 60 numbers without noise: far inside the regime in which each is known to succeed."""
    problem = sparse_problem(n_dims=60, n_latents=80, n_active=2, n_samples=20, nonnegative=nonnegative)
    for x64, tolerance in [(False, 2e-4), (True, 2e-5)]:
        with jax.enable_x64(x64):
            coder = PURSUITS[name](n_nonzero=4, n_active=2, nonnegative=nonnegative)
            solution = jax.tree.map(np.asarray, solve(coder, problem.dictionary, problem.observations))
        # Steps of less than 1e-6 of ||y|| end a solve; first-order methods are then about ten times that away.
        recovered = np.max(np.abs(solution.codes - problem.codes), axis=1) < tolerance
        assert np.mean(recovered) >= 0.95
        assert np.all(solution.status[recovered] == Status.CONVERGED)


@every_pursuit
def test_k_may_differ_between_samples(name, sparse_problem, solve):
    problem = sparse_problem(n_dims=40, n_latents=80, n_active=3, n_samples=6)
    coder = PURSUITS[name](n_nonzero=4, n_active=jnp.array([1, 2, 3, 4, 3, 0]))
    counts = np.sum(np.asarray(solve(coder, problem.dictionary, problem.observations).codes) != 0, axis=1)
    assert np.all(counts <= [1, 2, 3, 4, 3, 0])
    assert np.all(counts[:3] == [1, 2, 3])


@every_pursuit
def test_against_every_support(name, solve):
    """Of all supports of two atoms the one that explains the observation best, where the second best is far worse."""
    rng = np.random.default_rng(1)
    dictionary = np.linalg.qr(rng.standard_normal((12, 8)))[0] + 0.05 * rng.standard_normal((12, 8))
    dictionary /= np.linalg.norm(dictionary, axis=0)
    observations = rng.standard_normal((120, 12))
    pairs = list(itertools.combinations(range(8), 2))
    errors = np.stack([_misfits(dictionary[:, pair], observations) for pair in pairs])
    first, second = np.sort(errors, axis=0)[:2]
    clear = second > 1.15 * first
    assert np.sum(clear) > 8
    codes = np.asarray(solve(PURSUITS[name](n_nonzero=2, n_active=2), dictionary, observations).codes)
    found = [tuple(np.flatnonzero(row)) for row in codes]
    best = [pairs[i] for i in np.argmin(errors, axis=0)]
    assert np.mean([f == b for f, b, c in zip(found, best, clear, strict=True) if c]) > 0.9


def _misfits(atoms, observations):
    coefficients = np.linalg.lstsq(atoms, observations.T, rcond=None)[0]
    return np.linalg.norm(observations.T - atoms @ coefficients, axis=0)


def numpy_mp(dictionary, observation, n_steps):
    codes, residual, norms = np.zeros(dictionary.shape[1]), observation.copy(), []
    for _ in range(n_steps):
        correlations = dictionary.T @ residual
        best = np.argmax(np.abs(correlations))
        codes[best] += correlations[best]
        residual = residual - correlations[best] * dictionary[:, best]
        norms.append(np.linalg.norm(residual))
    return codes


def numpy_cosamp(dictionary, observation, n_active, n_steps):
    codes = np.zeros(dictionary.shape[1])
    for _ in range(n_steps):
        proxy = dictionary.T @ (observation - dictionary @ codes)
        support = np.union1d(np.argsort(-np.abs(proxy))[: 2 * n_active], np.flatnonzero(codes))
        fitted = np.zeros_like(codes)
        fitted[support] = np.linalg.lstsq(dictionary[:, support], observation, rcond=None)[0]
        codes = np.where(np.isin(np.arange(codes.size), np.argsort(-np.abs(fitted))[:n_active]), fitted, 0)
    return codes


def numpy_htp(dictionary, observation, n_active, n_steps):
    codes = np.zeros(dictionary.shape[1])
    for _ in range(n_steps):
        gradient = dictionary.T @ (observation - dictionary @ codes)
        old = np.argsort(-np.abs(gradient))[:n_active]
        image = dictionary[:, old] @ gradient[old]
        step = np.sum(gradient[old] ** 2) / np.sum(image**2)
        support = np.argsort(-np.abs(codes + step * gradient))[:n_active]
        codes = np.zeros_like(codes)
        codes[support] = np.linalg.lstsq(dictionary[:, support], observation, rcond=None)[0]
    return codes


def numpy_subspace_pursuit(dictionary, observation, n_active, n_steps):
    def fit(support):
        codes = np.zeros(dictionary.shape[1])
        codes[support] = np.linalg.lstsq(dictionary[:, support], observation, rcond=None)[0]
        return codes

    codes = fit(np.argsort(-np.abs(dictionary.T @ observation))[:n_active])
    for _ in range(n_steps):
        proxy = dictionary.T @ (observation - dictionary @ codes)
        merged = np.union1d(np.argsort(-np.abs(proxy))[:n_active], np.flatnonzero(codes))
        codes = fit(np.argsort(-np.abs(fit(merged)))[:n_active])
    return codes


@pytest.mark.parametrize(
    ("coder", "reference"),
    [(CoSaMP, numpy_cosamp), (Htp, numpy_htp), (SubspacePursuit, numpy_subspace_pursuit)],
)
def test_the_papers_steps(coder, reference, sparse_problem, solve):
    """Two steps on noisy observations, each lower than the one before, so that both keep the last."""
    problem = sparse_problem(n_dims=24, n_latents=40, n_active=3, n_samples=15, noise_std=0.02, seed=3)
    with jax.enable_x64(True):
        coder = coder(n_nonzero=3, n_active=3, max_iterations=2)
        found = np.asarray(solve(coder, problem.dictionary, problem.observations).codes)
    for codes, observation in zip(found, problem.observations, strict=True):
        steps = [reference(problem.dictionary, observation, 3, n) for n in (0, 1, 2)]
        missing = [np.linalg.norm(observation - problem.dictionary @ step) for step in steps]
        np.testing.assert_allclose(codes, steps[int(np.argmin(missing))], atol=1e-8)


def test_matching_pursuits_steps(sparse_problem, solve):
    problem = sparse_problem(n_dims=24, n_latents=40, n_active=3, n_samples=10, seed=3)
    with jax.enable_x64(True):
        coder = Mp(n_nonzero=24, n_active=24, max_iterations=8)
        found = np.asarray(solve(coder, problem.dictionary, problem.observations).codes)
    expected = [numpy_mp(problem.dictionary, observation, 8) for observation in problem.observations]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_scaled_atoms_give_scaled_codes(sparse_problem, solve):
    problem = sparse_problem(n_dims=30, n_latents=50, n_active=3, n_samples=5)
    scales = 4.0 ** np.arange(-2, 3)[np.arange(50) % 5]
    for coder in PURSUITS.values():
        plain = solve(coder(n_nonzero=3, n_active=3), problem.dictionary, problem.observations).codes
        scaled = solve(coder(n_nonzero=3, n_active=3), problem.dictionary * scales, problem.observations).codes
        np.testing.assert_allclose(scaled * scales, plain, atol=1e-4)


@pytest.mark.parametrize("x64", [False, True])
def test_least_squares_on_a_support(x64):
    """Against lstsq, with repeated atoms and unused slots; how repeated atoms share is left open."""
    rng = np.random.default_rng(0)
    dictionary = rng.standard_normal((10, 12))
    dictionary[:, 3] = dictionary[:, 2]
    dictionary /= np.linalg.norm(dictionary, axis=0)
    observations = rng.standard_normal((3, 10))
    support = np.zeros((3, 12), bool)
    support[0, [0, 5, 7]] = support[1, [2, 3, 9]] = True
    with jax.enable_x64(x64):
        arrays = jnp.asarray(dictionary, float), jnp.asarray(observations, float), jnp.asarray(support)
        codes = np.array(least_squares(*arrays, n_slots=4))
    expected = np.zeros((3, 12))
    for i in (0, 1):
        chosen = np.flatnonzero(support[i])
        expected[i, chosen] = np.linalg.lstsq(dictionary[:, chosen], observations[i], rcond=None)[0]
    assert np.all(codes[~support] == 0)
    for one in (codes, expected):
        one[:, 2] += one[:, 3]
        one[:, 3] = 0
    # The ridge is 16 times the rounding unit, and refined away but between repeated atoms.
    np.testing.assert_allclose(codes, expected, atol=1e-10 if x64 else 1e-4)


def test_wrong_settings():
    with pytest.raises(ValueError, match="n_nonzero and max_iterations must be at least 1"):
        Htp(n_nonzero=0, n_active=1)
