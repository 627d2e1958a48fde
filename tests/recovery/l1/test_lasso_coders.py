"""Every lasso coder against scikit-learn; the path against lars_path; denoising against its lasso."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Lasso, lars_path

from analysis import certificates
from recovery.coders.l1 import Admm, BasisPursuitDenoising, Fista, Homotopy, Ista, ReweightedL1, Sparsa
from recovery.coders.l1.reweighted_l1 import weights_of
from recovery.solution import Status

LASSO = {coder.name: coder for coder in (Ista, Fista, Sparsa, Admm, Homotopy)}
N_DIMS, N_LATENTS, N_PROBLEMS = 20, 40, 100


@pytest.fixture(scope="module")
def problems():
    """100 observations without any structure, penalties of .05 to .5 of lambda_max, and scikit-learn's codes."""
    rng = np.random.default_rng(0)
    dictionary = rng.standard_normal((N_DIMS, N_LATENTS))
    dictionary /= np.linalg.norm(dictionary, axis=0)
    observations = rng.standard_normal((N_PROBLEMS, N_DIMS))
    made = {}
    for nonnegative in (False, True):
        correlations = observations @ dictionary
        largest = np.max(correlations if nonnegative else np.abs(correlations), axis=1)
        penalty = rng.uniform(0.05, 0.5, N_PROBLEMS) * largest
        # scikit-learn divides the squared error by the number of rows.
        codes = [
            Lasso(alpha=p / N_DIMS, fit_intercept=False, tol=1e-14, max_iter=100_000, positive=nonnegative)
            .fit(dictionary, y)
            .coef_
            for p, y in zip(penalty, observations, strict=True)
        ]
        made[nonnegative] = (dictionary, observations, penalty, np.stack(codes))
    return made


def objective(dictionary, observations, penalty, codes):
    return 0.5 * np.sum((observations - codes @ dictionary.T) ** 2, axis=1) + penalty * np.sum(np.abs(codes), axis=1)


@pytest.mark.parametrize("name", list(LASSO))
@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize(("x64", "tolerance", "most"), [(False, 2e-6, 1e-5), (True, 1e-10, 1e-8)])
def test_objective_is_scikit_learns(name, nonnegative, x64, tolerance, most, problems, solve):
    dictionary, observations, penalty, expected = problems[nonnegative]
    with jax.enable_x64(x64):
        coder = LASSO[name](penalty=jnp.asarray(penalty), nonnegative=nonnegative, tolerance=tolerance)
        solution = jax.tree.map(np.asarray, solve(coder, dictionary, observations))
        arrays = (jnp.asarray(a, float) for a in (dictionary, observations, solution.codes))
        gap = np.asarray(
            certificates.lasso.duality_gap(*arrays, penalty=jnp.asarray(penalty, float), nonnegative=nonnegative)
        )
    # In float32 rounding may keep a gap from the tolerance; it is then said, and the gap is still small.
    converged = solution.status == Status.CONVERGED
    assert np.all(converged) if x64 else np.all(solution.residual < 2e-5)
    best = objective(dictionary, observations, penalty, expected)
    found = objective(dictionary, observations, penalty, solution.codes.astype(float))
    # The gap bounds the excess relative to the objective of no codes, which is at most 11 times the least one here.
    np.testing.assert_allclose(found, best, rtol=most)
    # analysis takes the best multiple of the residual, which is never worse than the coder's own. Both are differences
    # of numbers of order 1: float32's unit is 1.2e-7, and its gaps differ from those in float64 by up to 1.5e-7.
    rounding = 1e-12 if x64 else 2e-7
    assert np.all(gap[converged] <= tolerance + rounding)
    assert np.all(gap <= solution.residual + rounding)


@pytest.mark.parametrize("name", list(LASSO))
def test_penalty_as_a_fraction(name, problems, solve):
    dictionary, observations, _, _ = problems[False]
    largest = np.max(np.abs(observations @ dictionary), axis=1)
    by_fraction = solve(LASSO[name](penalty_fraction=0.3), dictionary, observations)
    by_value = solve(LASSO[name](penalty=jnp.asarray(0.3 * largest, jnp.float32)), dictionary, observations)
    # Codes are as far off as the square root of the gap, 1e-5.
    np.testing.assert_allclose(by_fraction.codes, by_value.codes, atol=3e-3)
    nothing = solve(LASSO[name](penalty_fraction=1.0), dictionary, observations).codes
    np.testing.assert_allclose(nothing, 0, atol=1e-2)
    with pytest.raises(ValueError, match="exactly one"):
        LASSO[name](penalty=1.0, penalty_fraction=0.1)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_homotopy_passes_through_the_knots_of_lars(nonnegative, problems, solve):
    dictionary, observations, _, _ = problems[nonnegative]
    for y in observations[:3]:
        alphas, _, codes = lars_path(dictionary, y, method="lasso", positive=nonnegative)
        # Further down the path scikit-learn is no longer exact to 1e-6.
        at = range(1, 12, 3)
        with jax.enable_x64(True):
            coder = Homotopy(penalty=jnp.asarray(alphas[list(at)] * N_DIMS), nonnegative=nonnegative, tolerance=1e-9)
            solution = jax.tree.map(np.asarray, solve(coder, dictionary, np.tile(y, (len(at), 1))))
        np.testing.assert_allclose(solution.codes, codes.T[list(at)], atol=1e-6)


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("x64", [False, True])
def test_denoising_is_certified(nonnegative, x64, problems, solve):
    dictionary, observations, _, _ = problems[nonnegative]
    radius = 0.4 * np.linalg.norm(observations, axis=1)
    tolerance = 1e-9 if x64 else 1e-4
    with jax.enable_x64(x64):
        coder = BasisPursuitDenoising(jnp.asarray(radius), nonnegative=nonnegative, tolerance=tolerance)
        solution = solve(coder, dictionary, observations)
        arrays = [jnp.asarray(a, float) for a in (dictionary, observations, solution.codes)]
        settings = {"radius": jnp.asarray(radius, float)}
        certificate = certificates.basis_pursuit_denoising
        gap = np.asarray(certificate.duality_gap(*arrays, **settings, nonnegative=nonnegative))
        over = np.asarray(certificate.violation(*arrays, **settings))
        status = np.asarray(solution.status)
    reached = status == Status.CONVERGED
    # Some radii are out of reach of non-negative codes.
    assert np.mean(reached) == 1 if not nonnegative else np.mean(reached) > 0.8
    assert np.all(np.abs(gap[reached]) <= 2 * tolerance)
    assert np.all(over[reached] <= tolerance)


def test_denoising_where_nothing_is_left_to_explain(problems, solve):
    dictionary, observations, _, _ = problems[False]
    solution = solve(BasisPursuitDenoising(100.0), dictionary, observations)
    assert np.all(solution.codes == 0)
    np.testing.assert_array_equal(solution.status, Status.CONVERGED)


def test_reweighting_certified_and_better_on_sparse_codes(sparse_problem, solve):
    """Fewer false atoms and less shrinkage than the lasso with the same penalty, on codes of 4 in 60."""
    problem = sparse_problem(n_samples=40, noise_std=0.02)
    coder = ReweightedL1(penalty=0.1, tolerance=1e-6)
    codes = np.asarray(solve(coder, problem.dictionary, problem.observations).codes)
    lasso = np.asarray(solve(Fista(penalty=0.1), problem.dictionary, problem.observations).codes)
    error, lasso_error = (np.sum((z - problem.codes) ** 2) for z in (codes, lasso))
    # The bias of the lasso is most of its error: over ten seeds the ratio is below .3.
    assert error < 0.5 * lasso_error
    # The last round's weights come from the round before, which one round less returns.
    before = solve(ReweightedL1(penalty=0.1, tolerance=1e-6, n_rounds=2), problem.dictionary, problem.observations)
    floor = 0.1 * np.max(np.abs(lasso), axis=1, keepdims=True)
    penalties = 0.1 * weights_of(before.codes, jnp.asarray(floor))
    arrays = (jnp.asarray(a, jnp.float32) for a in (problem.dictionary, problem.observations, codes))
    gap = certificates.lasso.duality_gap(*arrays, penalty=penalties, nonnegative=False)
    assert np.max(gap) < 1e-4
