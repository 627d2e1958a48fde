import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from toymodels import (
    WORLDS,
    BottleneckParams,
    GaussianMixing,
    LinearMixing,
    TrainedBottleneck,
    TrainingConfig,
    bernoulli_uniform,
    relu_bottleneck,
)
from toymodels.worlds.bottleneck_readout import importance_weights

SHORT = TrainingConfig(n_steps=60, batch_size=32)
SMALL = {"n_latents": 12, "n_dims": 4, "n_train": 30, "n_eval": 20, "training": SHORT}
NETWORK_WORLDS = [TrainedBottleneck, GaussianMixing]


@jax.jit
def build(world, seed, density, training_noise_std=None):
    return world(jax.random.key(seed), density=density, training_noise_std=training_noise_std)


@pytest.mark.parametrize(("kind", "training_noise_std"), [(TrainedBottleneck, 0.2), (GaussianMixing, None)])
def test_networks_trained_together_equal_networks_trained_alone(kind, training_noise_std):
    world = kind(**SMALL)
    with jax.enable_x64(True):
        seeds, densities = jnp.arange(3), jnp.array([0.05, 0.3, 1.0])
        together = jax.vmap(build, in_axes=(None, 0, 0, None))(world, seeds, densities, training_noise_std)
        for index in range(3):
            alone = build(world, seeds[index], densities[index], training_noise_std)
            # Sixty Adam steps amplify rounding (1e-16), most where a gradient is nearly 0 and Adam divides by it.
            for stacked, single in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
                np.testing.assert_allclose(np.asarray(stacked)[index], np.asarray(single), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("kind", NETWORK_WORLDS)
def test_problem_has_the_shapes_asked_for_and_fresh_codes_of_its_density(kind):
    world = kind(**SMALL | {"n_train": 3000, "n_eval": 2000})
    problem = build(world, 1, 0.2)
    assert problem.dictionary.shape == (4, 12)
    assert problem.train_codes.shape == (3000, 12)
    assert problem.eval_codes.shape == (2000, 12)
    assert problem.readout_bias.shape == (12,)
    assert problem.training_loss.shape == (50,)
    for codes in (problem.train_codes, problem.eval_codes):
        # Four binomial standard errors.
        assert abs(np.mean(codes > 0) - 0.2) < 4 * np.sqrt(0.2 * 0.8 / codes.size)
    # Values have 0.2 * 2^23 levels, so about 0.4% of the 4,800 are among the 7,200 by chance.
    shared = np.isin(problem.eval_codes[problem.eval_codes > 0], problem.train_codes)
    assert shared.mean() < 0.02


@pytest.mark.parametrize("kind", NETWORK_WORLDS)
def test_density_noise_and_numeric_settings_share_one_compilation(kind, count_traces):
    run = count_traces(
        lambda world, density, noise: world(jax.random.key(0), density=density, training_noise_std=noise)
    )
    world = kind(**SMALL)
    run(world, 0.1, 0.0)
    run(world, 0.5, 0.3)
    faster = dataclasses.replace(SHORT, learning_rate=0.02)
    run(dataclasses.replace(world, importance_decay=0.9, training=faster), 0.5, 0.3)
    assert count_traces.n == 1


def test_no_noise_is_the_same_as_noise_of_level_zero():
    without = build(TrainedBottleneck(**SMALL), 3, 0.2)
    with_zero = build(TrainedBottleneck(**SMALL), 3, 0.2, 0.0)
    # Two programs: single-precision rounding amplified by sixty steps.
    np.testing.assert_allclose(without.dictionary, with_zero.dictionary, atol=1e-4)
    np.testing.assert_allclose(without.readout_bias, with_zero.readout_bias, atol=1e-4)


def test_gaussian_dictionary_stays_as_drawn_and_only_its_bias_is_trained():
    short = GaussianMixing(**SMALL)
    longer = dataclasses.replace(short, training=dataclasses.replace(SHORT, n_steps=200))
    first, second = (build(world, 4, 0.1) for world in (short, longer))
    np.testing.assert_array_equal(first.dictionary, second.dictionary)
    np.testing.assert_allclose(np.linalg.norm(first.dictionary, axis=0), 1, rtol=1e-6)
    assert not np.any(first.readout_bias == second.readout_bias)


def test_readout_bias_of_the_gaussian_control_is_the_best_one():
    world = GaussianMixing(n_latents=12, n_dims=4, n_eval=20000, training=TrainingConfig(n_steps=1500))
    problem = build(world, 5, 0.1)
    codes, dictionary = np.asarray(problem.eval_codes, np.float64), np.asarray(problem.dictionary, np.float64)
    scores = codes @ dictionary.T @ dictionary

    def error(bias, latent):
        return np.mean((codes[:, latent] - np.maximum(scores[:, latent] + bias, 0)) ** 2)

    best = [minimize_scalar(error, bounds=(-3, 1), args=(i,), method="bounded")["fun"] for i in range(12)]  # pyright: ignore
    trained = [error(bias, latent) for latent, bias in enumerate(np.asarray(problem.readout_bias, np.float64))]
    # The error is flat at its minimum: a bias off by its step noise of 0.01 costs about 1e-4 of a loss near 0.02.
    np.testing.assert_allclose(trained, best, rtol=0.01)


def test_training_noise_makes_the_network_robust_to_noise():
    world = TrainedBottleneck(n_latents=12, n_dims=4, n_eval=5000, training=TrainingConfig(n_steps=500))
    quiet, hardened = (build(world, 6, 0.1, training_noise_std) for training_noise_std in (0.0, 0.3))
    noise = 0.3 * jax.random.normal(jax.random.key(7), (5000, 4))

    def loss(problem, noise):
        params = BottleneckParams(problem.dictionary, problem.readout_bias)
        return float(relu_bottleneck.loss(params, quiet.eval_codes, noise))

    assert loss(hardened, noise) < 0.9 * loss(quiet, noise)
    assert loss(quiet, None) < 0.9 * loss(hardened, None)


def test_importance_decides_what_a_dense_network_represents():
    world = TrainedBottleneck(n_latents=8, n_dims=3, importance_decay=0.5, training=TrainingConfig(n_steps=1000))
    problem = build(world, 8, 1.0)
    np.testing.assert_array_equal(np.linalg.norm(problem.dictionary, axis=0) > 0.7, np.arange(8) < 3)
    np.testing.assert_allclose(importance_weights(4, 0.5), [1, 0.5, 0.25, 0.125])


def test_linear_mixing_shares_a_dictionary_among_sparsity_levels():
    world = LinearMixing(n_latents=40, n_dims=10)
    dictionary = world.dictionary(jax.random.key(0))
    assert dictionary.shape == (10, 40)
    np.testing.assert_allclose(np.linalg.norm(dictionary, axis=0), 1, rtol=1e-6)
    levels = np.arange(11)
    draw = jax.vmap(lambda k: world.codes(jax.random.key(1), n_samples=6, n_active=k, nonnegative=k % 2 == 0))
    codes = np.asarray(draw(jnp.asarray(levels)))
    np.testing.assert_array_equal(np.sum(codes != 0, axis=2), np.repeat(levels[:, None], 6, axis=1))
    assert np.min(codes[::2]) >= 0 > np.min(codes[1::2])


def test_worlds_are_listed_by_name_with_one_line_each():
    assert set(WORLDS) == {"trained-bottleneck", "gaussian-mixing", "linear-mixing"}
    for name, world in WORLDS.items():
        assert world.name == name
        assert world.summary
        assert "\n" not in world.summary
        hash(world())  # usable as a static argument


@pytest.mark.parametrize("kind", [*NETWORK_WORLDS, LinearMixing])
@pytest.mark.parametrize("size", ["n_latents", "n_dims"])
def test_wrong_sizes_are_named(kind, size):
    with pytest.raises(ValueError, match=f"{size} must be at least 1, got 0"):
        kind(**{size: 0})


def test_codes_repeat_with_their_key_and_change_with_it():
    draws = [bernoulli_uniform(jax.random.key(seed), n_samples=3, n_latents=9, density=0.5) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.any(draws[0] != draws[2])
