"""Encoders and their objectives against NumPy, and against what theory says is their minimum."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special
from sklearn.metrics import log_loss

from toymodels.counter_key import counter_key
from toymodels.latents.clustered import clustered, sphere
from toymodels.networks import encoder
from toymodels.objectives import (
    LinearHead,
    autoencoder,
    cross_entropy,
    info_nce,
    instance_discrimination,
    regression,
    unit_features,
)
from toymodels.objectives.instance_discrimination import InstanceHead
from toymodels.training import TrainingConfig, train

RNG = np.random.default_rng(1)
INPUTS = RNG.normal(size=(50, 4)) @ RNG.normal(size=(4, 4)) + 3
FEATURES, LABELS = RNG.normal(size=(12, 3)), RNG.integers(0, 4, 12)


@pytest.fixture(scope="module")
def networks():
    """An encoder and a decoder of what it makes of the inputs."""

    def make(x):
        key = counter_key(jax.random.key(0))
        first = encoder.init(key, x, n_dims=3, n_hidden=5, n_layers=2, slope=0.2, n_used=2)
        return first, encoder.init(key, encoder.encode(first, x), n_dims=4, n_hidden=5, n_layers=1)

    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, jax.jit(make)(INPUTS))


encode = jax.jit(encoder.encode)


def test_encoder_is_its_formula(networks):
    network = networks[0]
    hidden = (INPUTS - network.shift) @ network.whitener
    np.testing.assert_allclose(np.cov(hidden.T, bias=True), np.eye(4), atol=1e-9)
    for layer, (weights, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        hidden = hidden @ np.asarray(weights) + np.asarray(bias)
        hidden = hidden if layer == 2 else np.where(hidden > 0, hidden, 0.2 * hidden)
    hidden[:, 2] = 0  # not in use
    with jax.enable_x64(True):
        np.testing.assert_allclose(encode(network, INPUTS), hidden, atol=1e-12)


def test_an_encoder_of_slope_one_is_affine(networks):
    network = networks[0]
    with jax.enable_x64(True):
        halfway = (INPUTS[:25] + INPUTS[25:]) / 2
        for slope, is_affine in ((1.0, True), (0.2, False)):
            params = dataclasses.replace(network, slope=np.asarray(slope))
            middle, ends = np.asarray(encode(params, halfway)), np.asarray(encode(params, INPUTS))
            assert (np.abs(middle - (ends[:25] + ends[25:]) / 2).max() < 1e-9) == is_affine


def test_training_moves_weights_and_biases_alone(networks):
    start = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), networks[0])
    x = jnp.asarray(INPUTS, jnp.float32)
    config = TrainingConfig(n_steps=2, learning_rate=0.1)
    moved, _ = jax.jit(
        lambda: train(
            jax.random.key(1),
            start,
            lambda params, key: jnp.mean((encoder.encode(params, x) - 1) ** 2),
            config,
            trainable=encoder.trainable(start),
        )
    )()
    for name in ("shift", "whitener", "slope", "in_use"):
        np.testing.assert_array_equal(getattr(moved, name), getattr(start, name))
    assert all(np.abs(a - b).max() > 0 for a, b in zip(moved.weights, start.weights, strict=True))


def test_inputs_that_do_not_vary_are_no_number_that_blows_up():
    x = jnp.asarray(np.c_[INPUTS[:, :2], np.ones(50)], jnp.float32)
    made = jax.jit(lambda x: encoder.encode(encoder.init(counter_key(jax.random.key(0)), x, n_dims=2), x))(x)
    assert np.isfinite(made).all()
    with pytest.raises(ValueError, match="n_dims and n_hidden must be at least 1 and n_layers at least 0"):
        encoder.init(jax.random.key(0), x, n_dims=0)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_losses_are_their_formulas(networks):
    weights, bias, targets = RNG.normal(size=(4, 3)), RNG.normal(size=4), RNG.normal(size=(12, 4))
    partners, directions = RNG.normal(size=(12, 3)), RNG.normal(size=(4, 3))
    with jax.enable_x64(True):
        head = LinearHead(jnp.asarray(weights), jnp.asarray(bias))
        y = jnp.asarray(FEATURES)
        logits = FEATURES @ weights.T + bias
        expected = log_loss(LABELS, special.softmax(logits, axis=1), labels=range(4))
        assert cross_entropy.loss(head, y, LABELS) == pytest.approx(expected, rel=1e-12)
        few = LABELS % 3
        expected = log_loss(few, special.softmax(logits[:, :3], axis=1), labels=range(3))
        assert cross_entropy.loss(head, y, few, n_classes=3) == pytest.approx(expected, rel=1e-12)
        assert regression.loss(head, y, targets) == pytest.approx(np.mean((logits - targets) ** 2), rel=1e-12)
        cosines = unit(FEATURES) @ unit(directions).T
        expected = log_loss(LABELS, special.softmax(7 * cosines, axis=1), labels=range(4))
        instances = InstanceHead(jnp.asarray(directions), jnp.log(7.0))
        assert instance_discrimination.loss(instances, y, LABELS) == pytest.approx(expected, rel=1e-12)
        similar = 5 * unit(FEATURES) @ unit(partners).T
        expected = -np.mean(np.diagonal(special.log_softmax(similar, axis=1)))
        assert info_nce.loss(y, jnp.asarray(partners), scale=5.0) == pytest.approx(expected, rel=1e-12)
        network, decoder = networks
        there = encode(network, INPUTS[:12])
        back = np.asarray(encode(decoder, there))
        assert autoencoder.loss(decoder, there, INPUTS[:12]) == pytest.approx(
            np.mean((back - INPUTS[:12]) ** 2), rel=1e-12
        )


def test_a_feature_of_zero_has_no_direction_and_no_gradient():
    gradient = jax.grad(lambda y: jnp.sum(unit_features(y)[:, 0]))(jnp.zeros((1, 3)))
    np.testing.assert_array_equal(gradient, np.zeros((1, 3)))


def test_the_latents_themselves_are_a_minimum_of_cross_entropy_and_of_instance_discrimination():
    """Classes are von Mises-Fisher clusters: their posterior is a softmax of c <v, z>, so no gradient is left."""
    n_samples, concentration = 40_000, 6.0

    @jax.jit
    def gradients(key):
        centre_key, label_key, sample_key = jax.random.split(counter_key(key), 3)
        centres = sphere(centre_key, n_samples=7, n_latents=3)
        labels = jax.random.randint(label_key, (n_samples,), 0, 7)
        latents = clustered(sample_key, centres[labels], concentration=concentration)
        head = LinearHead(concentration * centres, jnp.zeros(7))
        instances = InstanceHead(centres, jnp.log(concentration))
        of_head = jax.grad(lambda head, latents: cross_entropy.loss(head, latents, labels))
        of_instances = jax.grad(lambda head: instance_discrimination.loss(head, latents, labels))
        return of_head(head, latents), of_instances(instances), of_head(head, jnp.abs(latents))

    of_head, of_instances, wrong = gradients(jax.random.key(5))
    # A sample's gradient is (p - one-hot) z, below 1 in size, and c times that for directions and s.
    tolerance = 4 / np.sqrt(n_samples)
    assert max(np.abs(of_head.weights).max(), np.abs(of_head.bias).max()) < tolerance
    assert max(np.abs(of_instances.directions).max(), np.abs(of_instances.log_scale)) < concentration * tolerance
    assert np.abs(wrong.weights).max() > 5 * tolerance
