"""Generators are what their formulas say, can be inverted, and are as well conditioned as they claim."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from toymodels.counter_key import counter_key
from toymodels.generators import FoldedGenerator, InvertibleMlp, LinearGenerator, PiecewiseLinear, conditioned_matrix

N, OBSERVED = 4, 7
LATENTS = np.random.default_rng(0).normal(size=(30, N))

DRAWS = {
    "linear": lambda key, n: LinearGenerator.draw(key, n_latents=N, n_observed=n, condition_number=5.0),
    "mlp": lambda key, n: InvertibleMlp.draw(key, n_latents=N, n_observed=n, condition_number=2.0, slope=0.3),
    "shallow mlp": lambda key, n: InvertibleMlp.draw(key, n_latents=N, n_observed=n, depth=1, condition_number=3.0),
    "piecewise": lambda key, n: PiecewiseLinear.draw(key, n_latents=N, n_observed=n, condition_number=20.0),
}


@pytest.fixture(
    scope="module", params=[*((name, N) for name in DRAWS), ("mlp", OBSERVED), ("linear", OBSERVED)], ids=str
)
def drawn(request):
    """Name, dimension, generator, observations, latents found again, and the Jacobian at each sample; in float64."""
    name, n_observed = request.param

    def all_of(key, latents):
        generator = DRAWS[name](key, n_observed)
        observations = generator(latents)
        jacobians = jax.vmap(jax.jacfwd(lambda z: generator(z[None])[0]))(latents)
        return generator, observations, generator.inverse(observations), jacobians

    with jax.enable_x64(True):
        return (
            name,
            n_observed,
            *jax.tree.map(np.asarray, jax.jit(all_of)(counter_key(jax.random.key(3)), jnp.asarray(LATENTS))),
        )


def test_the_inverse_finds_the_latents(drawn):
    _, n_observed, _, observations, again, _ = drawn
    assert observations.shape == (len(LATENTS), n_observed)
    np.testing.assert_allclose(again, LATENTS, atol=1e-10)


def test_no_jacobian_is_conditioned_worse_than_the_bound(drawn):
    name, _, generator, _, _, jacobians = drawn
    values = np.linalg.svd(jacobians, compute_uv=False)
    worst = (values[:, 0] / values[:, -1]).max()
    assert worst <= generator.condition_bound * (1 + 1e-9)
    # The bound is attained by a linear map, and no empty one for the others: they bend.
    assert worst > (1 - 1e-9) * generator.condition_bound if name == "linear" else worst > 1.5


def leaky(values, slope):
    return np.where(values > 0, values, slope * values)


def test_mlp_is_its_formula(drawn):
    name, n_observed, generator, observations, _, _ = drawn
    if "mlp" not in name:
        pytest.skip("no perceptron")
    hidden = LATENTS
    for weights, bias in list(zip(generator.weights, generator.biases, strict=True))[: 1 if "shallow" in name else 3]:
        np.testing.assert_allclose(np.linalg.cond(weights), 3 if "shallow" in name else 2, rtol=1e-9)
        hidden = leaky(hidden @ weights.T + bias, generator.lift_slope)
    if n_observed > N:
        hidden = leaky(hidden @ generator.lift.T, generator.lift_slope)
    np.testing.assert_allclose(observations, hidden, atol=1e-12)


def test_piecewise_integrates_its_slopes(drawn):
    name, _, generator, observations, _, _ = drawn
    if name != "piecewise":
        pytest.skip("not piecewise linear along directions")
    hidden = LATENTS @ generator.inward.T
    for i in range(N):
        edges = np.array([-50.0, *generator.kinks[i], 50.0])
        heights = generator.slopes[i, 0] * edges[0] + np.r_[0, np.cumsum(generator.slopes[i] * np.diff(edges))]
        np.testing.assert_allclose((observations @ generator.outward)[:, i], np.interp(hidden[:, i], edges, heights))
    assert np.all(np.diff(generator.kinks, axis=1) > 0)
    assert generator.slopes.max() / generator.slopes.min() <= 20


def test_singular_values_are_in_equal_ratios():
    with jax.enable_x64(True):
        draw = jax.jit(lambda key: conditioned_matrix(counter_key(key), n_rows=6, n_columns=3, condition_number=9.0))
        matrix = draw(jax.random.key(0))
    np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), [3, 1, 1 / 3])


def test_folding_takes_the_signs_and_nothing_else():
    latents = np.asarray(LATENTS, np.float32)

    @jax.jit
    def observed(latents, n_folded):
        inner = InvertibleMlp.draw(counter_key(jax.random.key(1)), n_latents=N)
        observations = FoldedGenerator(inner, n_folded)(latents)
        return observations, inner(latents), inner.inverse(observations)

    folded, inner, found = map(np.asarray, observed(latents, 2))
    np.testing.assert_array_equal(folded, observed(latents * np.float32([-1, 1, 1, 1]), 2)[0])
    assert np.abs(folded - observed(latents * np.float32([1, 1, -1, 1]), 2)[0]).max() > 0.1
    np.testing.assert_array_equal(observed(latents, 0)[0], inner)
    np.testing.assert_allclose(found, np.c_[np.abs(LATENTS[:, :2]), LATENTS[:, 2:]], atol=1e-4)


@pytest.mark.parametrize(
    ("draw", "settings", "words"),
    [
        (LinearGenerator.draw, {"n_observed": 3}, "n_rows must be at least n_columns, got 3 and 4"),
        (LinearGenerator.draw, {"condition_number": 0.5}, "condition_number must be at least 1"),
        (InvertibleMlp.draw, {"n_observed": 3}, "n_observed at least n_latents"),
        (InvertibleMlp.draw, {"slope": 0.0}, r"slope must be in \(0, 1\]"),
        (InvertibleMlp.draw, {"depth": 4}, "depth must be from 0 to the 3 layers, got 4"),
        (PiecewiseLinear.draw, {"n_kinks": 0}, "n_kinks must be at least 1"),
    ],
)
def test_bad_settings_are_refused(draw, settings, words):
    with pytest.raises(ValueError, match=words):
        draw(jax.random.key(0), n_latents=N, **settings)
