"""Orthogonal matching pursuit against scikit-learn, and least squares on the support."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import orthogonal_mp

from recovery.coders import Omp
from recovery.solution import Status


@pytest.mark.parametrize("x64", [False, True])
@pytest.mark.parametrize("n_active", [1, 5, 10])
def test_equals_scikit_learn(sparse_problem, solve, n_active, x64):
    # Ten atoms asked of thirty noisy numbers: wrong atoms are chosen as well, in the same order.
    problem = sparse_problem(n_active=6, n_samples=40, noise_std=0.1)
    expected = np.transpose(orthogonal_mp(problem.dictionary, problem.observations.T, n_nonzero_coefs=n_active))
    with jax.enable_x64(x64):
        solution = solve(Omp(n_nonzero=12, n_active=n_active), problem.dictionary, problem.observations)
    np.testing.assert_array_equal(np.asarray(solution.codes) != 0, expected != 0)
    np.testing.assert_allclose(solution.codes, expected, atol=1e-11 if x64 else 1e-4)
    assert np.all(np.asarray(solution.status) == Status.CONVERGED)
    assert np.all(np.asarray(solution.iterations) == n_active)


def test_atoms_of_any_norm_are_compared_by_angle(sparse_problem, solve):
    problem = sparse_problem(n_active=4, n_samples=20)
    norms = np.random.default_rng(1).uniform(0.2, 5, problem.dictionary.shape[1])
    plain = solve(Omp(n_nonzero=4), problem.dictionary, problem.observations)
    scaled = solve(Omp(n_nonzero=4), problem.dictionary * norms, problem.observations)
    np.testing.assert_allclose(scaled.codes * norms, plain.codes, atol=1e-4)


def test_tiny_atoms_are_left_alone(sparse_problem, solve):
    problem = sparse_problem(n_active=3)
    norms = np.where(np.arange(problem.dictionary.shape[1]) % 3 == 0, 1e-4, 1.0)
    problem = problem._replace(dictionary=problem.dictionary * norms)
    solution = solve(Omp(n_nonzero=10), problem.dictionary, problem.observations)
    np.testing.assert_array_equal(solution.codes[:, ::3], 0)
    solution = solve(Omp(n_nonzero=10, min_norm=0.0), problem.dictionary, problem.observations)
    assert np.any(np.asarray(solution.codes)[:, ::3] != 0)


def test_one_compilation_serves_every_number_of_atoms(sparse_problem, solve):
    problem = sparse_problem(n_active=4, n_samples=20)
    per_sample = jnp.arange(20) % 5
    solution = solve(Omp(n_nonzero=8, n_active=per_sample), problem.dictionary, problem.observations)
    np.testing.assert_array_equal(np.sum(np.asarray(solution.codes) != 0, axis=1), per_sample)


def test_stops_at_the_noise(sparse_problem, solve):
    noise_std = 0.02
    problem = sparse_problem(n_dims=60, n_latents=120, n_active=4, n_samples=60, noise_std=noise_std)
    solution = solve(Omp(n_nonzero=20, noise_std=noise_std), problem.dictionary, problem.observations)
    bound = noise_std * np.sqrt(60) / np.linalg.norm(problem.observations, axis=1)
    converged = np.asarray(solution.status) == Status.CONVERGED
    assert np.all(converged)
    assert np.all(solution.residual <= bound * (1 + 1e-4))
    found = np.asarray(solution.codes) != 0
    assert np.all(found[problem.codes != 0])
    # ||noise|| exceeds its root mean square on half of the samples, and each of these takes an atom or two more.
    assert np.mean(np.sum(found, axis=1)) < 4 + 2


@pytest.mark.parametrize("nonnegative", [False, True])
def test_codes_are_least_squares_on_their_support(sparse_problem, solve, nonnegative):
    problem = sparse_problem(n_active=8, n_samples=30, nonnegative=nonnegative, noise_std=0.1)
    solution = solve(Omp(n_nonzero=12, n_active=10, nonnegative=nonnegative), problem.dictionary, problem.observations)
    codes = np.asarray(solution.codes)
    for y, z in zip(problem.observations, codes, strict=True):
        chosen = problem.dictionary[:, z != 0]
        np.testing.assert_allclose(z[z != 0], np.linalg.lstsq(chosen, y, rcond=None)[0], atol=1e-4)
    assert not nonnegative or codes.min() >= 0


def test_recovers_nonnegative_codes(sparse_problem, solve):
    problem = sparse_problem(n_dims=40, n_latents=80, n_active=4, n_samples=30, nonnegative=True)
    solution = solve(Omp(n_nonzero=8, nonnegative=True), problem.dictionary, problem.observations)
    np.testing.assert_allclose(solution.codes, problem.codes, atol=1e-4)


def test_opposite_atoms_are_told_apart_by_sign(solve):
    dictionary = jnp.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    observations = jnp.array([[-2.0, 0.0], [3.0, -1.0]])
    solution = solve(Omp(n_nonzero=2, nonnegative=True), dictionary, observations)
    np.testing.assert_allclose(solution.codes, [[0, 2, 0], [3, 0, 0]], atol=1e-6)
    # Nothing explains -1 along the third axis: no atom that is left correlates, which is how the sample ends.
    np.testing.assert_array_equal(solution.status, Status.CONVERGED)
    np.testing.assert_allclose(solution.residual, [0, 1 / np.sqrt(10)], atol=1e-6)


def test_running_out_of_atoms_is_reported(sparse_problem, solve):
    problem = sparse_problem(n_active=6)
    solution = solve(Omp(n_nonzero=3), problem.dictionary, problem.observations)
    assert np.all(np.asarray(solution.status) == Status.MAX_ITERATIONS)
    assert np.all(np.sum(np.asarray(solution.codes) != 0, axis=1) == 3)


def test_repeated_atoms_do_no_harm(solve):
    atom = np.array([0.6, 0.8], np.float32)
    dictionary = jnp.asarray(np.stack([atom, atom, [1, 0]], axis=1))
    solution = solve(Omp(n_nonzero=3), dictionary, (2 * atom + np.array([0, 1e-2]))[None, :])
    assert np.all(np.isfinite(solution.codes))
    assert solution.residual[0] < 1e-5


def test_wrong_settings():
    with pytest.raises(ValueError, match="n_nonzero must be at least 1"):
        Omp(n_nonzero=0)
