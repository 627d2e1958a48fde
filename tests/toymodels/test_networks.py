import jax
import jax.numpy as jnp
import numpy as np
import pytest

from toymodels import BottleneckParams, relu_bottleneck

RNG = np.random.default_rng(3)
WEIGHTS = RNG.normal(size=(3, 7))
BIAS = RNG.normal(size=7)
LATENTS = RNG.uniform(size=(11, 7))
NOISE = RNG.normal(size=(11, 3))
IMPORTANCE = 0.8 ** np.arange(7)


def jax_inputs():
    """Parameters, latents, noise and importance as JAX arrays of the precision in force."""
    params = BottleneckParams(weights=jnp.asarray(WEIGHTS), bias=jnp.asarray(BIAS))
    return params, jnp.asarray(LATENTS), jnp.asarray(NOISE), jnp.asarray(IMPORTANCE)


def plain_loss(weights, bias, latents, noise, importance):
    """The loss as its formula reads, entry by entry."""
    total = 0.0
    for z, n in zip(latents, noise, strict=True):
        output = np.maximum(weights.T @ (weights @ z + n) + bias, 0)
        total += np.sum(importance * (z - output) ** 2)
    return total / latents.size


def test_loss_equals_its_formula():
    with jax.enable_x64(True):
        params, latents, noise, importance = jax_inputs()
        full = relu_bottleneck.loss(params, latents, noise, importance)
        bare = relu_bottleneck.loss(params, latents)
    assert full == pytest.approx(plain_loss(WEIGHTS, BIAS, LATENTS, NOISE, IMPORTANCE), rel=1e-12)
    assert bare == pytest.approx(plain_loss(WEIGHTS, BIAS, LATENTS, 0 * NOISE, np.ones(7)), rel=1e-12)


def test_gradient_equals_central_differences():
    with jax.enable_x64(True):
        gradient = jax.grad(relu_bottleneck.loss)(*jax_inputs())
    step = 1e-6

    def difference(name, index):
        def at(shift):
            moved = {"weights": WEIGHTS.copy(), "bias": BIAS.copy()}
            moved[name][index] += shift
            return plain_loss(moved["weights"], moved["bias"], LATENTS, NOISE, IMPORTANCE)

        return (at(step) - at(-step)) / (2 * step)

    for name in ("weights", "bias"):
        actual = np.asarray(getattr(gradient, name))
        expected = np.array([difference(name, index) for index in np.ndindex(actual.shape)]).reshape(actual.shape)
        # Rounding of a difference of losses of order 1: 1e-16 / 1e-6; curvature: (1e-6)^2.
        np.testing.assert_allclose(actual, expected, atol=1e-8)


def test_loss_is_the_error_of_the_readout_of_the_hidden_representation():
    params, latents, _, _ = jax_inputs()
    output = relu_bottleneck.readout(params, relu_bottleneck.hidden(params, latents))
    np.testing.assert_allclose(relu_bottleneck.loss(params, latents), jnp.mean((latents - output) ** 2), rtol=1e-6)


def test_init_is_glorot_normal():
    params = relu_bottleneck.init(jax.random.key(0), n_dims=40, n_latents=160)
    assert params.weights.shape == (40, 160)
    variance = 2 / 200
    # The sample variance of n normal entries has relative standard error sqrt(2/n) = 0.018.
    assert np.var(params.weights) == pytest.approx(variance, rel=4 * 0.018)
    assert not np.any(params.bias)


def test_params_are_a_pytree_that_vmaps():
    keys = jax.random.split(jax.random.key(5), 3)
    stacked = jax.vmap(lambda key: relu_bottleneck.init(key, n_dims=2, n_latents=5))(keys)
    latents = jnp.asarray(RNG.uniform(size=(4, 5)), jnp.float32)
    together = jax.vmap(relu_bottleneck.loss, in_axes=(0, None))(stacked, latents)
    alone = [relu_bottleneck.loss(jax.tree.map(lambda leaf, i=i: leaf[i], stacked), latents) for i in range(3)]
    np.testing.assert_allclose(together, jnp.stack(alone), rtol=1e-5)
