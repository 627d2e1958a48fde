"""Basis pursuit against HiGHS, and its certificate recomputed in numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

from recovery.coders import BasisPursuit
from recovery.solution import Status


@jax.jit
def solve_with_dual(coder, dictionary, observations):
    return coder.solve_with_dual(dictionary, observations)


def smallest_l1_norm(dictionary, observation, *, nonnegative):
    matrix = dictionary if nonnegative else np.hstack([dictionary, -dictionary])
    result = linprog(np.ones(matrix.shape[1]), A_eq=matrix, b_eq=observation, bounds=(0, None), method="highs")
    return result.fun if result.status == 0 else np.inf


def numpy_certificate(problem, codes, dual, *, nonnegative):
    """Relative gap with the dual made feasible, relative infeasibility, and by how much the dual was not feasible."""
    correlations = dual @ problem.dictionary
    largest = np.max(correlations if nonnegative else np.abs(correlations), axis=1)
    primal = np.sum(np.abs(codes), axis=1)
    gap = np.abs(primal - np.sum(problem.observations * dual, axis=1) / np.maximum(1, largest)) / primal
    missing = np.linalg.norm(codes @ problem.dictionary.T - problem.observations, axis=1)
    return gap, missing / np.linalg.norm(problem.observations, axis=1), largest - 1


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize(
    ("n_dims", "sparsity_ratio"), [(8, 0.1), (8, 0.5), (40, 0.2), (40, 0.4), (40, 0.9), (60, 0.6), (76, 0.9)]
)
def test_certified_optimum(sparse_problem, solve, n_dims, sparsity_ratio, nonnegative):
    """On either side of the l1 transition, with fewer and with more dimensions than the null space has."""
    n_active = max(1, round(sparsity_ratio * n_dims))
    problem = sparse_problem(n_dims=n_dims, n_latents=80, n_active=n_active, nonnegative=nonnegative)
    with jax.enable_x64(True):
        solution, dual = solve_with_dual(
            BasisPursuit(nonnegative=nonnegative), jnp.asarray(problem.dictionary), jnp.asarray(problem.observations)
        )
    assert np.all(np.asarray(solution.status) == Status.CONVERGED)
    assert np.max(solution.iterations) <= 25
    codes = np.asarray(solution.codes)
    assert not nonnegative or codes.min() >= 0
    gap, infeasibility, excess = numpy_certificate(problem, codes, np.asarray(dual), nonnegative=nonnegative)
    assert np.max(excess) <= 1e-12
    np.testing.assert_allclose(solution.residual, np.maximum(gap, infeasibility), atol=1e-12)
    expected = [smallest_l1_norm(problem.dictionary, y, nonnegative=nonnegative) for y in problem.observations]
    np.testing.assert_allclose(np.sum(np.abs(codes), axis=1), expected, rtol=3e-7)


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize(("n_dims", "sparsity_ratio"), [(40, 0.1), (40, 0.4), (40, 0.9), (60, 0.6)])
def test_float32_is_certified_to_a_ten_thousandth(sparse_problem, solve, n_dims, sparsity_ratio, nonnegative):
    """On either side of the l1 transition; above it one vertex in a hundred is too ill-conditioned, and says so."""
    problem = sparse_problem(
        n_dims=n_dims, n_latents=80, n_active=round(n_dims * sparsity_ratio), n_samples=40, nonnegative=nonnegative
    )
    solution = solve(BasisPursuit(nonnegative=nonnegative), problem.dictionary, problem.observations)
    converged = np.asarray(solution.status) == Status.CONVERGED
    assert np.sum(~converged) <= 1
    assert np.max(np.asarray(solution.residual)[converged]) <= 1e-4
    expected = [smallest_l1_norm(problem.dictionary, y, nonnegative=nonnegative) for y in problem.observations]
    error = np.abs(np.sum(np.abs(np.asarray(solution.codes, float)), axis=1) / expected - 1)
    # The certificate bounds the gap and the infeasibility each by 1e-4; the norm can be off by a little more than one.
    assert np.max(error[converged]) <= 1.5e-4


def test_the_certificate_does_not_depend_on_the_scale(sparse_problem, solve):
    problem = sparse_problem()
    scales = np.geomspace(1e-6, 1e6, len(problem.observations))[:, None]
    with jax.enable_x64(True):
        solution = solve(BasisPursuit(), problem.dictionary, scales * problem.observations)
        stretched = solve(BasisPursuit(), 1e4 * problem.dictionary, problem.observations)
    assert np.all(np.asarray(solution.status) == Status.CONVERGED)
    np.testing.assert_allclose(np.asarray(solution.codes) / scales, problem.codes, atol=1e-6)
    np.testing.assert_allclose(1e4 * np.asarray(stretched.codes), problem.codes, atol=1e-6)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_the_sign_may_be_traced(sparse_problem, nonnegative):
    problem = sparse_problem(n_dims=10, n_latents=20, n_active=4, nonnegative=True)
    with jax.enable_x64(True):
        dictionary, observations = jnp.asarray(problem.dictionary), jnp.asarray(problem.observations)
        static = jax.jit(BasisPursuit(nonnegative=nonnegative))(dictionary, observations)
        traced = jax.jit(lambda sign: BasisPursuit(nonnegative=sign)(dictionary, observations))(nonnegative)
    assert np.all(np.asarray(static.status) == Status.CONVERGED)
    assert np.all(np.asarray(traced.status) == Status.CONVERGED)
    np.testing.assert_allclose(traced.codes, static.codes, atol=1e-5)


@pytest.mark.parametrize("n_latents", [40, 60])
def test_a_dictionary_without_full_rank(sparse_problem, solve, n_latents):
    """Of more, and of fewer rows than half of its columns."""
    problem = sparse_problem(n_dims=20, n_latents=n_latents, n_active=2)
    dictionary = np.vstack([problem.dictionary, problem.dictionary[:5], np.zeros((3, n_latents))])
    observations = problem.codes @ dictionary.T
    with jax.enable_x64(True):
        solution = solve(BasisPursuit(), dictionary, observations)
    assert np.all(np.asarray(solution.status) == Status.CONVERGED)
    np.testing.assert_allclose(solution.codes, problem.codes, atol=1e-6)


def test_dictionaries_with_and_without_full_rank_side_by_side(sparse_problem, solve):
    problem = sparse_problem(n_dims=14, n_latents=20, n_active=3)
    dictionaries = np.stack([problem.dictionary, np.vstack([problem.dictionary[:-1], problem.dictionary[:1]])])
    observations = np.einsum("dmn,sn->dsm", dictionaries, problem.codes)
    with jax.enable_x64(True):
        together = jax.jit(jax.vmap(BasisPursuit()))(jnp.asarray(dictionaries), jnp.asarray(observations))
        assert np.all(np.asarray(together.status) == Status.CONVERGED)
        for i in range(2):
            alone = solve(BasisPursuit(), dictionaries[i], observations[i])
            np.testing.assert_allclose(together.codes[i], alone.codes, atol=1e-6)


@pytest.mark.parametrize(("apart", "solvable"), [(1e-12, False), (1e-9, False), (1e-6, True), (1e-3, True)])
def test_nearly_dependent_rows_are_never_certified_wrongly(sparse_problem, apart, solvable):
    problem = sparse_problem(n_dims=20, n_latents=30, n_active=8)
    dictionary = np.vstack([problem.dictionary, problem.dictionary[:4] + apart * problem.dictionary[4:8]])
    observations = problem.codes @ dictionary.T
    with jax.enable_x64(True):
        solution, dual = solve_with_dual(BasisPursuit(), jnp.asarray(dictionary), jnp.asarray(observations))
    converged = np.asarray(solution.status) == Status.CONVERGED
    assert not solvable or np.all(converged)
    codes, problem = np.asarray(solution.codes), problem._replace(dictionary=dictionary, observations=observations)
    gap, infeasibility, _ = numpy_certificate(problem, codes, np.asarray(dual), nonnegative=False)
    assert np.max(np.maximum(gap, infeasibility)[converged], initial=0) <= 1.01e-7
    expected = [smallest_l1_norm(dictionary, y, nonnegative=False) for y in observations]
    np.testing.assert_allclose(np.sum(np.abs(codes), axis=1)[converged], np.array(expected)[converged], rtol=1e-5)


def test_what_no_codes_explain_is_not_called_solved(sparse_problem, solve):
    """Codes must be non-negative, atoms all point into one half space, and every second observation into the other."""
    problem = sparse_problem(n_dims=10, n_latents=15, n_active=2, nonnegative=True)
    dictionary = problem.dictionary.copy()
    dictionary[0] = np.abs(dictionary[0]) + 0.1
    observations = problem.codes @ dictionary.T
    observations[::2] *= -1
    with jax.enable_x64(True):
        solution = solve(BasisPursuit(nonnegative=True), dictionary, observations)
    status = np.asarray(solution.status)
    assert np.all(status[::2] == Status.MAX_ITERATIONS)
    assert np.all(status[1::2] == Status.CONVERGED)
    assert np.all(np.asarray(solution.residual)[::2] > 1e-3)
    assert np.all(np.isfinite(solution.codes))


def test_too_few_iterations_are_reported(sparse_problem, solve):
    problem = sparse_problem()
    with jax.enable_x64(True):
        solution = solve(BasisPursuit(max_iterations=2), problem.dictionary, problem.observations)
    assert np.all(np.asarray(solution.status) == Status.MAX_ITERATIONS)
    assert np.all(np.asarray(solution.residual) > 1e-7)


def test_wrong_settings():
    with pytest.raises(ValueError, match="max_iterations must be at least 1"):
        BasisPursuit(max_iterations=0)
