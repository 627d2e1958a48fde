import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import log_loss

from toymodels import BottleneckParams, TrainingConfig, bernoulli_uniform, relu_bottleneck, train
from toymodels.networks import AbsoluteValueParams, absolute_value, l2_attack, linear_bottleneck, perceptron
from toymodels.networks.attack import sample_errors

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


def test_linear_loss_equals_its_formula_and_its_readout():
    with jax.enable_x64(True):
        params, latents, noise, importance = jax_inputs()
        full = linear_bottleneck.loss(params, latents, noise, importance)
        output = np.asarray(linear_bottleneck.readout(params, linear_bottleneck.hidden(params, latents) + noise))
    expected = np.mean(IMPORTANCE * (LATENTS - (LATENTS @ WEIGHTS.T + NOISE) @ WEIGHTS - BIAS) ** 2)
    assert full == pytest.approx(expected, rel=1e-12)
    assert np.mean(IMPORTANCE * (LATENTS - output) ** 2) == pytest.approx(expected, rel=1e-12)


def test_linear_network_keeps_the_most_important_latents():
    """Its least loss is known: v / N times the importance of all but the M most important."""
    importance = 0.7 ** jnp.arange(6)
    density = 0.1

    def loss(params, key):
        latents = bernoulli_uniform(key, n_samples=512, n_latents=6, density=density)
        return linear_bottleneck.loss(params, latents, None, importance)

    start = linear_bottleneck.init(jax.random.key(2), n_dims=2, n_latents=6)
    params, history = jax.jit(lambda: train(jax.random.key(1), start, loss, TrainingConfig(n_steps=3000)))()
    np.testing.assert_allclose(jnp.linalg.norm(params.weights, axis=0), [1, 1, 0, 0, 0, 0], atol=0.05)
    variance = density / 3 - density**2 / 4
    # The mean over the last 60 batches of 512 samples: each z^2 of the four has relative spread about 5.
    assert history[-1] == pytest.approx(variance * np.sum(importance[2:]) / 6, rel=4 * 5 / np.sqrt(60 * 512 * 3))


def test_absolute_value_loss_equals_its_formula_and_two_neurons_a_latent_are_exact():
    rng = np.random.default_rng(5)
    inward, outward, bias = rng.normal(size=(4, 3)), rng.normal(size=(3, 4)), rng.normal(size=3)
    latents, weights = rng.uniform(-1, 1, size=(9, 3)), np.array([1.0, 0.5, 0.25])
    expected = np.mean(
        [weights * (np.abs(z) - np.maximum(outward @ np.maximum(inward @ z, 0) + bias, 0)) ** 2 for z in latents]
    )
    with jax.enable_x64(True):
        params = AbsoluteValueParams(jnp.asarray(inward), jnp.asarray(outward), jnp.asarray(bias))
        assert absolute_value.loss(params, jnp.asarray(latents), jnp.asarray(weights)) == pytest.approx(expected)
        eye = jnp.eye(3)
        exact = AbsoluteValueParams(jnp.concatenate([eye, -eye]), jnp.concatenate([eye, eye], axis=1), jnp.zeros(3))
        assert absolute_value.loss(exact, jnp.asarray(latents)) == 0
        assert absolute_value.neurons(exact, jnp.asarray(latents)).shape == (9, 6)


def test_signed_uniform_keeps_the_support_and_spreads_over_both_signs():
    latents = bernoulli_uniform(jax.random.key(8), n_samples=4000, n_latents=5, density=0.3)
    signed = np.asarray(absolute_value.signed_uniform(latents))
    np.testing.assert_array_equal(signed != 0, np.asarray(latents) != 0)
    assert stats.kstest(signed[signed != 0], stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_attack_finds_the_worst_direction_where_it_is_known():
    """A network that passes its input through, relu(z + d) with z > radius, errs by |d|; with W^T W of one large
    eigenvalue the worst d is along its vector.
    """
    scale = jnp.array([1.0, 1.5, 0.5])
    params = BottleneckParams(jnp.diag(scale), 3 * jnp.ones(3))
    latents = jnp.asarray(RNG.uniform(0.2, 1, size=(40, 3)), jnp.float32)
    found = l2_attack(jax.random.key(1), params, latents, radius=0.1)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 0.1, rtol=1e-5)
    # Errors are e + G d with G = diag(1, 2.25, .25), e = (G - 1) z + 3: brute force over the sphere.
    rng = np.random.default_rng(0)
    sphere = rng.normal(size=(20000, 3))
    sphere *= 0.1 / np.linalg.norm(sphere, axis=1, keepdims=True)
    gram = np.diag(np.asarray(scale) ** 2)
    for z, reached in zip(np.asarray(latents), np.asarray(sample_errors(params, latents, found)), strict=True):
        best = np.max(np.sum(((z + sphere) @ gram + 3 - z) ** 2, axis=1))
        assert reached > best * (1 - 1e-5)


def test_perceptron_equals_its_formula():
    rng = np.random.default_rng(5)
    inputs, labels = rng.normal(size=(9, 4)), rng.integers(0, 3, 9)
    with jax.enable_x64(True):
        params = perceptron.init(jax.random.key(0), encoder=(4, 6, 2), head=(2, 3))
        params = jax.tree.map(lambda leaf: leaf + 0.1, params)  # biases that are not 0
        loss = perceptron.classification_loss(params, jnp.asarray(inputs), jnp.asarray(labels))
        representation = perceptron.hidden(params, jnp.asarray(inputs))
    (first, second), (head,) = jax.tree.map(np.asarray, (params.encoder, params.head))
    hidden = np.maximum(inputs @ first.weights + first.bias, 0) @ second.weights + second.bias
    np.testing.assert_allclose(representation, hidden, rtol=1e-12)
    probability = np.exp(hidden @ head.weights + head.bias)
    probability /= probability.sum(axis=1, keepdims=True)
    assert loss == pytest.approx(log_loss(labels, probability, labels=range(3)), rel=1e-10)


def test_perceptron_reconstructs_and_its_widths_must_meet():
    params = perceptron.init(jax.random.key(1), encoder=(4, 2), head=(2, 5, 4))
    inputs = jnp.asarray(np.random.default_rng(6).normal(size=(8, 4)), jnp.float32)
    output = np.asarray(perceptron.readout(params, perceptron.hidden(params, inputs)))
    expected = float(np.mean((output - np.asarray(inputs)) ** 2))
    assert perceptron.reconstruction_loss(params, inputs) == pytest.approx(expected, rel=1e-5)
    for encoder, head in (((4, 2), (3, 4)), ((4,), (4, 4))):
        with pytest.raises(ValueError, match="do not meet in one representation"):
            perceptron.init(jax.random.key(0), encoder=encoder, head=head)
