"""What every coder promises, as a table of coders."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery.coder import SparseCoder
from recovery.coders import CODERS, Amp, BasisPursuit, Fista, Omp, ReluReadout
from recovery.learners import TopKEncoder
from recovery.solution import Status

N_DIMS, N_LATENTS = 12, 24


def readout_weights():
    return jax.random.normal(jax.random.key(7), (N_DIMS, N_LATENTS)) / N_DIMS**0.5


def coders():
    weights, bias = readout_weights(), -0.1 * jnp.ones(N_LATENTS)
    return {
        "fista": Fista(penalty=0.05),
        "fista-fraction": Fista(penalty_fraction=0.1, nonnegative=True),
        "omp": Omp(n_nonzero=5),
        "omp-nonnegative": Omp(n_nonzero=5, n_active=3, nonnegative=True),
        "amp": Amp(threshold=1.5, max_iterations=100),
        "basis-pursuit": BasisPursuit(),
        "basis-pursuit-nonnegative": BasisPursuit(nonnegative=True),
        "relu-readout": ReluReadout(weights, bias),
        "topk-encoder": TopKEncoder(weights, bias, jnp.zeros(N_DIMS), 3),
    }


def changed(coder):
    """The same coder with other numbers in its traced fields, of the same types."""
    return jax.tree.map(lambda leaf: leaf if isinstance(leaf, bool) else 2 * leaf, coder)


every_coder = pytest.mark.parametrize("name", list(coders()))


@pytest.fixture
def problem(sparse_problem):
    made = sparse_problem(n_dims=N_DIMS, n_latents=N_LATENTS, n_active=2, n_samples=6, nonnegative=True)
    return jnp.asarray(made.dictionary, jnp.float32), jnp.asarray(made.observations, jnp.float32)


@every_coder
def test_is_a_coder(name, problem, solve):
    coder = coders()[name]
    assert isinstance(coder, SparseCoder)
    assert coder.residual_kind in ("duality_gap", "relative_residual")
    assert "\n" not in coder.summary
    solution = solve(coder, *problem)
    assert solution.codes.shape == (6, N_LATENTS)
    assert solution.codes.dtype == solution.residual.dtype == jnp.float32
    assert solution.iterations.dtype == solution.status.dtype == jnp.int32
    assert solution.iterations.shape == solution.residual.shape == solution.status.shape == (6,)


def test_registry():
    assert set(CODERS) == {"amp", "basis-pursuit", "fista", "omp", "relu-readout"}
    assert all(CODERS[name].name == name for name in CODERS)


@every_coder
def test_float64_stays_float64(name, problem, solve):
    with jax.enable_x64(True):
        coder = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), coders()[name])
        if name == "topk-encoder":
            coder = coders()[name]
            coder = TopKEncoder(
                coder.weights.astype(jnp.float64),
                coder.bias.astype(jnp.float64),
                coder.centre.astype(jnp.float64),
                3,
            )
        solution = solve(coder, *(jnp.asarray(a, jnp.float64) for a in problem))
        assert solution.codes.dtype == solution.residual.dtype == jnp.float64
        assert solution.iterations.dtype == solution.status.dtype == jnp.int32


@every_coder
def test_vmap_equals_a_loop(name, problem, solve):
    coder = coders()[name]
    dictionaries = jnp.stack([problem[0], problem[0][:, ::-1]])
    observations = jnp.stack([problem[1], problem[1][::-1]])
    together = jax.jit(jax.vmap(coder))(dictionaries, observations)
    for i in range(2):
        alone = solve(coder, dictionaries[i], observations[i])
        # Batched products round differently, and a sample may then stop one check earlier or later.
        tolerance = 1e-2 if name.startswith("basis-pursuit") else 1e-3
        np.testing.assert_allclose(together.codes[i], alone.codes, atol=tolerance)
        np.testing.assert_array_equal(together.status[i], alone.status)


@every_coder
def test_new_numbers_do_not_recompile(name, problem):
    traces = []

    @jax.jit
    def solve(coder, dictionary, observations):
        traces.append(None)
        return coder(dictionary, observations)

    coder = coders()[name]
    solve(coder, *problem)
    solve(changed(coder), 1.1 * problem[0], 2 * problem[1])
    assert len(traces) == 1


@every_coder
@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_what_is_not_finite_ends_alone(name, problem, solve, bad):
    coder = coders()[name]
    dictionary, observations = problem
    clean = solve(coder, dictionary, observations)
    solution = solve(coder, dictionary, observations.at[2, 1].set(bad))
    others = np.arange(6) != 2
    assert solution.status[2] == Status.NON_FINITE
    assert np.all(np.isnan(solution.codes[2]))
    assert np.isnan(solution.residual[2])
    np.testing.assert_array_equal(solution.status[others], clean.status[others])
    np.testing.assert_allclose(solution.codes[others], clean.codes[others], atol=1e-5)


@every_coder
def test_a_bad_dictionary_is_a_status(name, problem, solve):
    solution = solve(coders()[name], problem[0].at[3, 4].set(jnp.nan), problem[1])
    np.testing.assert_array_equal(solution.status, Status.NON_FINITE)


@every_coder
def test_nothing_observed_is_no_codes(name, problem, solve):
    if name in ("relu-readout", "topk-encoder"):
        pytest.skip("an encoder with a bias may answer to silence")
    solution = solve(coders()[name], problem[0], problem[1].at[1].set(0))
    np.testing.assert_array_equal(solution.codes[1], 0)
    assert solution.status[1] == Status.CONVERGED
    assert solution.residual[1] == 0


@every_coder
def test_columns_of_zeros(name, problem, solve):
    dictionary, observations = problem
    solution = solve(coders()[name], dictionary.at[:, 5].set(0), observations)
    assert np.all(np.isfinite(solution.codes))
    # An interior point is never exactly zero.
    if not name.startswith(("relu-readout", "topk-encoder", "basis-pursuit")):
        np.testing.assert_array_equal(solution.codes[:, 5], 0)


@every_coder
def test_a_dictionary_of_zeros(name, problem, solve):
    if name in ("relu-readout", "topk-encoder"):
        pytest.skip("codes do not depend on the dictionary")
    solution = solve(coders()[name], 0 * problem[0], problem[1])
    assert np.all(np.isfinite(solution.codes))
    if name.startswith("basis-pursuit"):
        np.testing.assert_array_equal(solution.status, Status.MAX_ITERATIONS)
    else:
        np.testing.assert_array_equal(solution.codes, 0)


@every_coder
def test_the_same_numbers_again(name, problem, solve):
    first, second = (solve(coders()[name], *problem) for _ in range(2))
    np.testing.assert_array_equal(first.codes, second.codes)


def test_relu_readout_is_the_networks_output(problem):
    weights, bias = readout_weights(), 0.1 * jnp.arange(N_LATENTS) - 1
    solution = ReluReadout(weights, bias)(*problem, key=jax.random.key(0))
    np.testing.assert_allclose(
        solution.codes, np.maximum(np.asarray(problem[1]) @ np.asarray(weights) + np.asarray(bias), 0), atol=1e-5
    )
    missing = np.asarray(problem[1]) - np.asarray(solution.codes) @ np.asarray(problem[0]).T
    expected = np.linalg.norm(missing, axis=1) / np.linalg.norm(problem[1], axis=1)
    np.testing.assert_allclose(solution.residual, expected, rtol=1e-5)
