"""Sparse Bayesian learning: its evidence climbs, and sparse codes are found where they can be."""

import jax
import numpy as np
import pytest

from recovery.coders.bayesian import SparseBayesianLearning
from recovery.solution import Status


def test_recovers_sparse_codes(sparse_problem, solve):
    problem = sparse_problem(n_dims=30, n_latents=60, n_active=4, n_samples=20, noise_std=0.01)
    solution = solve(SparseBayesianLearning(noise_std=0.01), problem.dictionary, problem.observations)
    errors = np.linalg.norm(solution.codes - problem.codes, axis=1) / np.linalg.norm(problem.codes, axis=1)
    # Least squares on the true support has an error of about .01 sqrt(4) / 2.
    assert np.mean(errors < 0.03) >= 0.95
    assert np.mean(np.asarray(solution.status) == Status.CONVERGED) > 0.8


@pytest.mark.parametrize("nonnegative", [False, True])
def test_without_noise_float32_does_not_break_down(sparse_problem, solve, nonnegative):
    """The covariance of five codes in 64 dimensions has a condition number of 1e7 at the least noise that is taken."""
    problem = sparse_problem(n_dims=64, n_latents=128, n_active=5, n_samples=50, noise_std=0.0, nonnegative=nonnegative)
    solution = solve(SparseBayesianLearning(0.0, nonnegative=nonnegative), problem.dictionary, problem.observations)
    np.testing.assert_array_equal(solution.status, Status.CONVERGED)
    # What stands for noise is 1e-3 of the observations; codes shrink by its square over theirs.
    np.testing.assert_allclose(solution.codes, problem.codes, atol=2e-3)


def test_the_evidence_climbs(sparse_problem, solve):
    """log p(y) recomputed from the codes' variances, which the posterior mean of one more step reveals: in float64."""
    problem = sparse_problem(n_dims=12, n_latents=24, n_active=2, n_samples=5, noise_std=0.1)
    dictionary, observations, noise = problem.dictionary, problem.observations, 0.01

    def log_evidence(variances, y):
        covariance = noise * np.eye(12) + (variances * dictionary) @ dictionary.T
        return -0.5 * (np.linalg.slogdet(covariance)[1] + y @ np.linalg.solve(covariance, y))

    with jax.enable_x64(True):
        for i, y in enumerate(observations):
            variances = np.full(24, np.mean(y**2))
            levels = [log_evidence(variances, y)]
            for _ in range(10):
                covariance = noise * np.eye(12) + (variances * dictionary) @ dictionary.T
                codes = variances * (dictionary.T @ np.linalg.solve(covariance, y))
                curvature = np.sum(dictionary * np.linalg.solve(covariance, dictionary), axis=0)
                variances = np.abs(codes) / np.sqrt(curvature)
                levels.append(log_evidence(variances, y))
            assert np.all(np.diff(levels) > -1e-9)
            coder = SparseBayesianLearning(noise_std=0.1, max_iterations=10, tolerance=0.0)
            found = np.asarray(solve(coder, dictionary, observations[i : i + 1]).codes[0])
            # The plain loop does not prune; what is pruned is below a thousandth in magnitude.
            np.testing.assert_allclose(found, codes, atol=1e-3)


def test_the_sign_helps(sparse_problem, solve):
    """Told that codes are >= 0, more of them are right than without: K / M = 1/3, 24 of 48 dimensions.

    Giving an atom up the first time that its mean is negative, when the others are far from settled, loses more than
    the sign gains.
    """
    problem = sparse_problem(n_dims=24, n_latents=48, n_active=8, n_samples=60, noise_std=0.02, nonnegative=True)

    def error(**sign):
        coder = SparseBayesianLearning(noise_std=0.02, **sign)
        codes = np.asarray(solve(coder, problem.dictionary, problem.observations).codes)
        return np.sum((codes - problem.codes) ** 2) / np.sum(problem.codes**2)

    assert error(nonnegative=True) < 0.5 * error()
