"""Message passing around the l1 transition of theory.md (delta = .5: rho = .386 signed, .558 non-negative)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery.coders import Amp
from recovery.solution import Status

# Maximisers z of the transition's formula in theory.md at delta = 0.5.
MINIMAX_THRESHOLD = {False: 1.1376, True: 0.8180}


@pytest.mark.parametrize(("nonnegative", "transition"), [(False, 0.385690), (True, 0.558228)])
def test_recovers_below_the_transition_and_fails_above(sparse_problem, solve, nonnegative, transition):
    coder = Amp(threshold=MINIMAX_THRESHOLD[nonnegative], nonnegative=nonnegative)
    for factor, expected in [(0.7, True), (1.35, False)]:
        # N = 600: the transition's width in rho is some .02, far less than the distance from it here.
        n_active = round(factor * transition * 300)
        problem = sparse_problem(n_dims=300, n_latents=600, n_active=n_active, n_samples=10, nonnegative=nonnegative)
        solution = solve(coder, problem.dictionary, problem.observations)
        errors = np.linalg.norm(solution.codes - problem.codes, axis=1) / np.linalg.norm(problem.codes, axis=1)
        assert np.all((errors < 1e-3) == expected)
        assert np.all(np.asarray(solution.status) == Status.CONVERGED)
        assert not nonnegative or np.min(solution.codes) >= 0


def test_float64_goes_on_to_its_tolerance(sparse_problem, solve):
    problem = sparse_problem(n_dims=100, n_latents=200, n_active=10)
    with jax.enable_x64(True):
        solution = solve(Amp(threshold=1.5, tolerance=1e-12), problem.dictionary, problem.observations)
    np.testing.assert_allclose(solution.codes, problem.codes, atol=1e-10)


def test_the_sign_may_be_traced(sparse_problem, solve):
    problem = sparse_problem(nonnegative=True)
    dictionary, observations = jnp.asarray(problem.dictionary), jnp.asarray(problem.observations)
    signs = jnp.array([False, True])
    both = jax.vmap(lambda sign: Amp(threshold=1.2, nonnegative=sign)(dictionary, observations))(signs)
    for i, sign in enumerate([False, True]):
        alone = solve(Amp(threshold=1.2, nonnegative=sign), dictionary, observations)
        np.testing.assert_allclose(both.codes[i], alone.codes, atol=1e-5)


def test_divergence_is_not_called_convergence(solve):
    # All columns alike: the Onsager term assumes independent ones, and the residual grows.
    dictionary = jnp.full((10, 40), 10**-0.5) + 0.01 * jax.random.normal(jax.random.key(0), (10, 40))
    observations = jax.random.normal(jax.random.key(1), (5, 10)) + 1
    solution = solve(Amp(threshold=0.5), dictionary, observations)
    assert np.all(np.asarray(solution.status) != Status.CONVERGED)


def test_wrong_settings():
    with pytest.raises(ValueError, match="max_iterations must be at least 1"):
        Amp(threshold=1.0, max_iterations=0)
    with pytest.raises(ValueError, match="patience must be at least 1"):
        Amp(threshold=1.0, patience=0)
