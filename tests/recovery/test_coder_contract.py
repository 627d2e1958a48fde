"""What every coder promises: those of the registry, set up from `Knowledge` alone, and encoders with given weights."""

from dataclasses import replace
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery.coder import ResidualKind, Solver, SparseCoder
from recovery.coders import CODERS
from recovery.encoders import JumpReluEncoder, MatchingPursuitEncoder, ReluReadout, TopKEncoder
from recovery.knowledge import Knowledge
from recovery.solution import Status

N_DIMS, N_LATENTS = 12, 24

ENCODERS = ("relu-readout", "topk-encoder", "jump-relu-encoder", "matching-pursuit-encoder")
# Codes that come close to zero without being it.
NEVER_ZERO = ("basis-pursuit",)
# A dictionary of zeros cannot explain the observations, and the coder's problem demands that it does.
DEMANDS_EXPLANATION = ("basis-pursuit",)
# Codes whose error is the square root of the tolerance, so that another rounding moves them further than 1e-3.


def readout_weights():
    return jax.random.normal(jax.random.key(7), (N_DIMS, N_LATENTS)) / N_DIMS**0.5


def make(name, *, nonnegative=True):
    """A coder for `problem`; float64 where it is enabled."""
    dtype = jnp.result_type(float)
    weights, bias = readout_weights().astype(dtype), -0.1 * jnp.ones(N_LATENTS, dtype)
    if name == "relu-readout":
        return ReluReadout(weights, bias)
    if name == "topk-encoder":
        return TopKEncoder(weights, bias, jnp.zeros(N_DIMS, dtype), 3)
    if name == "jump-relu-encoder":
        return JumpReluEncoder(weights, bias, jnp.zeros(N_DIMS, dtype), 0.2 * jnp.ones(N_LATENTS, dtype))
    if name == "matching-pursuit-encoder":
        return MatchingPursuitEncoder(jnp.zeros(N_DIMS, dtype), 3, 4)
    return CODERS[name].suited_to(knowledge(nonnegative=nonnegative))


def knowledge(*, nonnegative):
    return Knowledge(
        n_dims=N_DIMS,
        n_latents=N_LATENTS,
        max_active=4,
        nonnegative=nonnegative,
        n_active=2,
        noise_std=1e-2,
        penalty=0.05,
        threshold=1.5,
    )


def changed(coder):
    """The same coder with other numbers in its traced fields, of the same types."""
    return jax.tree.map(lambda leaf: leaf if isinstance(leaf, bool) else 2 * leaf, coder)


every_coder = pytest.mark.parametrize("name", [*CODERS, *ENCODERS])


@pytest.fixture
def problem(sparse_problem):
    made = sparse_problem(n_dims=N_DIMS, n_latents=N_LATENTS, n_active=2, n_samples=6, nonnegative=True)
    return jnp.asarray(made.dictionary, jnp.float32), jnp.asarray(made.observations, jnp.float32)


@every_coder
def test_is_a_coder(name, problem, solve):
    coder = make(name)
    assert isinstance(coder, SparseCoder)
    assert coder.residual_kind in get_args(ResidualKind)
    assert "\n" not in coder.summary
    solution = solve(coder, *problem)
    assert solution.codes.shape == (6, N_LATENTS)
    assert solution.codes.dtype == solution.residual.dtype == jnp.float32
    assert solution.iterations.dtype == solution.status.dtype == jnp.int32
    assert solution.iterations.shape == solution.residual.shape == solution.status.shape == (6,)


def test_registry():
    assert all(CODERS[name].name == name for name in CODERS)
    assert all(isinstance(CODERS[name].suited_to(knowledge(nonnegative=True)), Solver) for name in CODERS)


@pytest.mark.parametrize("name", list(CODERS))
@pytest.mark.parametrize("nonnegative", [False, True])
def test_sign_of_the_codes(name, nonnegative, sparse_problem, solve):
    """Every coder keeps the sign it was told, and beats no codes at all on signed and on non-negative truth."""
    truth = sparse_problem(n_dims=N_DIMS, n_latents=N_LATENTS, n_active=2, n_samples=6, nonnegative=nonnegative)
    codes = np.asarray(solve(make(name, nonnegative=nonnegative), truth.dictionary, truth.observations).codes)
    assert np.sum((codes - truth.codes) ** 2) < np.sum(truth.codes**2)
    if nonnegative:
        assert np.min(codes) >= 0
    else:
        assert np.min(codes) < 0 < np.max(codes)


@pytest.mark.parametrize("name", list(CODERS))
def test_units_do_not_matter(name, problem, solve):
    """1e-12 and 1e12 times everything: float32 does not hold the fourth powers, nor squares times rounding."""
    told = knowledge(nonnegative=True)
    dictionary, observations = problem
    usual = solve(CODERS[name].suited_to(told), dictionary, observations)
    for factor in (2.0**-40, 2.0**40):
        sizes = {field: getattr(told, field) * factor for field in ("noise_std", "magnitude", "penalty")}
        found = solve(CODERS[name].suited_to(replace(told, **sizes)), dictionary, observations * factor)
        np.testing.assert_array_equal(found.codes, usual.codes * factor)
        np.testing.assert_array_equal(found.status, usual.status)
        np.testing.assert_array_equal(found.residual, usual.residual)


@every_coder
def test_float64_stays_float64(name, problem, solve):
    with jax.enable_x64(True):
        solution = solve(make(name), *(jnp.asarray(a, jnp.float64) for a in problem))
        assert solution.codes.dtype == solution.residual.dtype == jnp.float64
        assert solution.iterations.dtype == solution.status.dtype == jnp.int32


@every_coder
def test_vmap_equals_a_loop(name, problem, solve):
    # In float32 the last bit, which batched products round differently, may decide which support a pursuit ends on.
    with jax.enable_x64(True):
        coder = make(name)
        dictionary, observed = (jnp.asarray(a, jnp.float64) for a in problem)
        dictionaries = jnp.stack([dictionary, dictionary[:, ::-1]])
        observations = jnp.stack([observed, observed[::-1]])
        together = jax.jit(jax.vmap(coder))(dictionaries, observations)
        for i in range(2):
            alone = solve(coder, dictionaries[i], observations[i])
            np.testing.assert_allclose(together.codes[i], alone.codes, atol=1e-6)
            np.testing.assert_array_equal(together.status[i], alone.status)


@every_coder
def test_new_numbers_do_not_recompile(name, problem):
    traces = []

    @jax.jit
    def solve(coder, dictionary, observations):
        traces.append(None)
        return coder(dictionary, observations)

    coder = make(name)
    solve(coder, *problem)
    solve(changed(coder), 1.1 * problem[0], 2 * problem[1])
    assert len(traces) == 1


@every_coder
@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_what_is_not_finite_ends_alone(name, problem, solve, bad):
    coder = make(name)
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
    solution = solve(make(name), problem[0].at[3, 4].set(jnp.nan), problem[1])
    np.testing.assert_array_equal(solution.status, Status.NON_FINITE)


@every_coder
def test_nothing_observed_is_no_codes(name, problem, solve):
    if name in ENCODERS:
        pytest.skip("an encoder with a bias may answer to silence")
    solution = solve(make(name), problem[0], problem[1].at[1].set(0))
    np.testing.assert_array_equal(solution.codes[1], 0)
    assert solution.status[1] == Status.CONVERGED
    assert solution.residual[1] == 0


@every_coder
def test_columns_of_zeros(name, problem, solve):
    dictionary, observations = problem
    solution = solve(make(name), dictionary.at[:, 5].set(0), observations)
    assert np.all(np.isfinite(solution.codes))
    if name not in (*ENCODERS, *NEVER_ZERO):
        np.testing.assert_array_equal(solution.codes[:, 5], 0)


@every_coder
def test_a_dictionary_of_zeros(name, problem, solve):
    if name in ENCODERS:
        pytest.skip("codes do not depend on the dictionary")
    solution = solve(make(name), 0 * problem[0], problem[1])
    assert np.all(np.isfinite(solution.codes))
    if name in DEMANDS_EXPLANATION:
        np.testing.assert_array_equal(solution.status, Status.MAX_ITERATIONS)
    else:
        np.testing.assert_array_equal(solution.codes, 0)


@every_coder
def test_the_same_numbers_again(name, problem, solve):
    first, second = (solve(make(name), *problem) for _ in range(2))
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
