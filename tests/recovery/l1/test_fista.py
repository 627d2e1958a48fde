"""The lasso against scikit-learn, and its optimality conditions recomputed in numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Lasso

from recovery.coders import Fista
from recovery.solution import Status


def numpy_gap(dictionary, observations, codes, penalty, *, nonnegative):
    """Primal minus dual objective over 1/2 ||y||^2, from the definitions."""
    residual = observations - codes @ dictionary.T
    primal = 0.5 * np.sum(residual**2, axis=1) + penalty * np.sum(np.abs(codes), axis=1)
    correlations = residual @ dictionary
    largest = np.max(correlations if nonnegative else np.abs(correlations), axis=1)
    dual_point = residual * np.minimum(1, penalty / np.maximum(largest, 1e-300))[:, None]
    size = 0.5 * np.sum(observations**2, axis=1)
    return (primal - (size - 0.5 * np.sum((observations - dual_point) ** 2, axis=1))) / size


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("penalty", [0.02, 0.3])
def test_equals_scikit_learn(sparse_problem, solve, nonnegative, penalty):
    problem = sparse_problem(nonnegative=nonnegative, noise_std=0.05)
    # scikit-learn divides the squared error by the number of rows, here n_dims.
    lasso = Lasso(
        alpha=penalty / problem.dictionary.shape[0],
        fit_intercept=False,
        positive=nonnegative,
        tol=1e-12,
        max_iter=100_000,
    )
    expected = np.stack([lasso.fit(problem.dictionary, y).coef_ for y in problem.observations])
    with jax.enable_x64(True):
        coder = Fista(penalty=penalty, nonnegative=nonnegative, tolerance=1e-13, max_iterations=20_000)
        solution = solve(coder, problem.dictionary, problem.observations)
    assert np.all(np.asarray(solution.status) == Status.CONVERGED)
    # A relative gap of 1e-13 bounds the error of the codes by about its square root over the smallest curvature.
    np.testing.assert_allclose(solution.codes, expected, atol=1e-5)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_optimality_conditions(sparse_problem, solve, nonnegative):
    problem = sparse_problem(nonnegative=nonnegative, noise_std=0.05)
    with jax.enable_x64(True):
        coder = Fista(penalty_fraction=0.1, nonnegative=nonnegative, tolerance=1e-12, max_iterations=20_000)
        dictionary, observations = jnp.asarray(problem.dictionary), jnp.asarray(problem.observations)
        solution, penalty = solve(coder, dictionary, observations), coder.absolute_penalty(dictionary, observations)
    codes, penalty = np.asarray(solution.codes), np.asarray(penalty)
    correlations = (problem.observations - codes @ problem.dictionary.T) @ problem.dictionary
    peak = np.max(correlations if nonnegative else np.abs(correlations), axis=1)
    assert np.all(peak <= penalty * (1 + 1e-5))
    active = codes != 0
    expected = np.broadcast_to(penalty[:, None], codes.shape) * np.sign(codes)
    np.testing.assert_allclose(correlations[active], expected[active], rtol=1e-4)
    assert not nonnegative or codes.min() >= 0


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("max_iterations", [10, 40, 2000])
def test_reported_gap_is_the_gap(sparse_problem, solve, nonnegative, max_iterations):
    problem = sparse_problem(nonnegative=nonnegative, noise_std=0.05)
    penalty = np.linspace(0.05, 0.4, len(problem.observations))
    with jax.enable_x64(True):
        coder = Fista(penalty=jnp.asarray(penalty), nonnegative=nonnegative, max_iterations=max_iterations)
        solution = solve(coder, problem.dictionary, problem.observations)
    gap = numpy_gap(
        problem.dictionary, problem.observations, np.asarray(solution.codes), penalty, nonnegative=nonnegative
    )
    np.testing.assert_allclose(solution.residual, gap, atol=1e-14)
    np.testing.assert_array_equal(solution.status == Status.CONVERGED, gap <= 1e-5)


def test_penalty_fraction_scales_with_the_sample(sparse_problem, solve):
    problem = sparse_problem()
    scales = np.geomspace(1e-3, 1e3, len(problem.observations))[:, None].astype(np.float32)
    dictionary = jnp.asarray(problem.dictionary, jnp.float32)
    observations = jnp.asarray(problem.observations, jnp.float32)
    coder = Fista(penalty_fraction=0.1)
    plain, scaled = solve(coder, dictionary, observations), solve(coder, dictionary, scales * observations)
    np.testing.assert_allclose(scaled.codes / scales, plain.codes, atol=1e-4)


def test_no_codes_at_the_largest_penalty(sparse_problem, solve):
    problem = sparse_problem()
    dictionary = jnp.asarray(problem.dictionary, jnp.float32)
    observations = jnp.asarray(problem.observations, jnp.float32)
    solution = solve(Fista(penalty_fraction=1.0), dictionary, observations)
    # lambda_max rounds differently in the step and in the penalty: by some units in the last place.
    np.testing.assert_allclose(solution.codes, 0, atol=1e-6)
    assert np.all(np.asarray(solution.status) == Status.CONVERGED)


def test_no_penalty_explains_the_observations(sparse_problem, solve):
    problem = sparse_problem()
    with jax.enable_x64(True):
        coder = Fista(penalty=0.0, tolerance=1e-10, max_iterations=5000)
        solution = solve(coder, problem.dictionary, problem.observations)
    assert np.all(np.asarray(solution.status) == Status.CONVERGED)
    np.testing.assert_allclose(np.asarray(solution.codes) @ problem.dictionary.T, problem.observations, atol=1e-4)


def test_columns_of_any_norm(sparse_problem, solve):
    problem = sparse_problem(n_dims=8, n_latents=20, n_active=2)
    norms = np.random.default_rng(1).uniform(0, 3, 20)
    norms[[3, 7]] = 0, 1e-6
    dictionary = jnp.asarray(problem.dictionary * norms, jnp.float32)
    solution = solve(Fista(penalty_fraction=0.05), dictionary, problem.observations)
    assert np.all(np.asarray(solution.status) == Status.CONVERGED)
    np.testing.assert_array_equal(solution.codes[:, 3], 0)


def test_more_observed_dimensions_than_latents(sparse_problem, solve):
    problem = sparse_problem(n_dims=40, n_latents=10, n_active=2, noise_std=0.1)
    dictionary = jnp.asarray(problem.dictionary, jnp.float32)
    solution = solve(Fista(penalty=1e-4), dictionary, problem.observations)
    expected = np.linalg.lstsq(problem.dictionary, problem.observations.T, rcond=None)[0].T
    # The l1 penalty biases the codes by about 1e-4, and the gap allows some 3e-3 of the observations' norm.
    np.testing.assert_allclose(solution.codes, expected, atol=1e-2)


def test_wrong_settings():
    with pytest.raises(ValueError, match="exactly one of penalty and penalty_fraction"):
        Fista()
    with pytest.raises(ValueError, match="exactly one of penalty and penalty_fraction"):
        Fista(penalty=0.1, penalty_fraction=0.1)
    with pytest.raises(ValueError, match="max_iterations must be at least 1"):
        Fista(penalty=0.1, max_iterations=0)
