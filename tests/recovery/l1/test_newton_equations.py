"""Both forms of Newton's equations against the whole linear system, solved densely in numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery.coders.l1.newton_equations import NullSpace, RowSpace, gram_solver, null_space

N_DIMS, N_LATENTS, N_SAMPLES = 7, 10, 3


@pytest.fixture
def problem():
    """A dictionary, weights over four decades, codes, a start and a dual vector w; float64."""
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(N_DIMS, N_LATENTS)),
        10 ** rng.uniform(-2, 2, (N_SAMPLES, N_LATENTS)),
        *rng.normal(size=(3, N_SAMPLES, N_LATENTS)),
        rng.normal(size=(N_SAMPLES, N_DIMS)),
    )


def whole_system(dictionary, weights, missing, start):
    """dz and dw with dz - W A^T dw = start and A dz = missing."""
    matrix = np.block([[np.eye(N_LATENTS), -weights[:, None] * dictionary.T], [dictionary, np.zeros((N_DIMS, N_DIMS))]])
    both = np.linalg.solve(matrix, np.concatenate([start, missing]))
    return both[:N_LATENTS], both[N_LATENTS:]


@pytest.mark.parametrize("form", ["row", "null"])
def test_the_step_solves_the_whole_system(problem, form):
    dictionary, weights, truth, codes, start, dual = problem
    observations = truth @ dictionary.T
    with jax.enable_x64(True):
        if form == "row":
            equations, held = RowSpace(jnp.asarray(dictionary), jnp.asarray(observations)), dual
        else:
            basis, complete = null_space(jnp.asarray(dictionary))
            assert complete
            least_norm = np.linalg.lstsq(dictionary, observations.T, rcond=None)[0].T
            equations, held = NullSpace(basis, jnp.asarray(least_norm)), dual @ dictionary
        solve = equations.solver(jnp.asarray(weights), jnp.asarray(codes), jnp.asarray(held))
        image_step = np.asarray(solve(jnp.asarray(start))[0])
        value, image = equations.value(jnp.asarray(held)), equations.image(jnp.asarray(held))
    np.testing.assert_allclose(value, np.sum(observations * dual, axis=1), rtol=1e-9)
    np.testing.assert_allclose(image, dual @ dictionary, rtol=1e-9)
    for i in range(N_SAMPLES):
        missing = observations[i] - dictionary @ codes[i]
        codes_step, dual_step = whole_system(dictionary, weights[i], missing, start[i])
        np.testing.assert_allclose(image_step[i], dictionary.T @ dual_step, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(start[i] + weights[i] * image_step[i], codes_step, rtol=1e-8, atol=1e-8)


def test_a_dual_off_the_row_space_is_taken_back(problem):
    dictionary, weights, truth, codes, start, dual = problem
    with jax.enable_x64(True):
        basis, _ = null_space(jnp.asarray(dictionary))
        equations = NullSpace(basis, jnp.asarray(truth))
        off = jnp.asarray(dual @ dictionary) + 0.3 * basis[0]
        image_step, _ = equations.solver(jnp.asarray(weights), jnp.asarray(codes), off)(jnp.asarray(start))
        left = (off + image_step) @ basis.T
    np.testing.assert_allclose(left, 0, atol=1e-9)


def test_null_space(problem):
    dictionary = problem[0]
    with jax.enable_x64(True):
        basis, complete = null_space(jnp.asarray(dictionary))
        dependent = np.vstack([dictionary[:-1], dictionary[:1]])
        nearly = np.vstack([dictionary[:-1], dictionary[:1] + 1e-12 * dictionary[1:2]])
        assert complete
        assert not null_space(jnp.asarray(dependent))[1]
        assert not null_space(jnp.asarray(nearly))[1]
        assert not null_space(jnp.zeros((N_DIMS, N_LATENTS)))[1]
    basis = np.asarray(basis)
    assert basis.shape == (N_LATENTS - N_DIMS, N_LATENTS)
    np.testing.assert_allclose(dictionary @ basis.T, 0, atol=1e-12)
    np.testing.assert_allclose(basis @ basis.T, np.eye(len(basis)), atol=1e-12)


def test_gram_solver(problem):
    dictionary, *_, target = problem
    with jax.enable_x64(True):
        found = gram_solver(jnp.asarray(dictionary))(jnp.asarray(target))
    np.testing.assert_allclose(found, np.linalg.solve(dictionary @ dictionary.T, target.T).T, rtol=1e-9)
