import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from toymodels import TrainingConfig, bernoulli_uniform, relu_bottleneck, train
from toymodels.checkpoint import load, save
from toymodels.training import OPTIMISERS, SCHEDULES, continue_training, start_training

TARGET = np.array([1.0, -2.0, 0.5])


def quadratic(params, key):
    return jnp.sum((params["x"] - TARGET) ** 2) + jnp.sum((params["y"] - 3) ** 2) + 0 * jax.random.uniform(key)


def start():
    return {"x": jnp.zeros(3), "y": jnp.array([10.0, -1.0])}


def fit(config, loss=quadratic, trainable=None):
    compiled = jax.jit(lambda params, config: train(jax.random.key(1), params, loss, config, trainable=trainable))
    return compiled(start(), config)


def numpy_adam(gradient, x, n_steps, rate):
    """Adam as its paper states it, with beta 0.9 and 0.999 and epsilon 1e-8."""
    m = v = np.zeros_like(x)
    for t in range(1, n_steps + 1):
        g = gradient(x)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        x = x - rate(t - 1) * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return x


def scheduled(schedule, n_steps, peak):
    """The step size at step t, as the schedules are described."""

    def half_cosine(t, first=0):
        return peak * (1 + np.cos(np.pi * (t - first) / (n_steps - first))) / 2

    return {
        "constant": lambda t: peak,
        "cosine": half_cosine,
        "linear": lambda t: peak * (1 - t / n_steps),
        "warmup_cosine": lambda t: peak * (t + 1) / 2 if t < 2 else half_cosine(t, 2),  # 5% of 37 steps, rounded
    }[schedule]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_steps_are_those_of_adam(schedule):
    n_steps, peak = 37, 0.05
    rate = scheduled(schedule, n_steps, peak)
    with jax.enable_x64(True):
        config = TrainingConfig(n_steps=n_steps, learning_rate=peak, schedule=schedule)
        params, _ = fit(config)
    expected = numpy_adam(lambda x: 2 * (x - TARGET), np.zeros(3), n_steps, rate)
    np.testing.assert_allclose(params["x"], expected, rtol=1e-10)


def test_training_reaches_the_minimum():
    params, history = fit(TrainingConfig(n_steps=2000, learning_rate=0.05))
    np.testing.assert_allclose(params["x"], TARGET, atol=1e-4)
    np.testing.assert_allclose(params["y"], 3, atol=1e-4)
    assert history[-1] < 1e-6 < history[0]


@pytest.mark.parametrize(("n_steps", "n_records"), [(103, 10), (7, 50), (1, 1)])
def test_history_holds_means_over_stretches_of_steps(n_steps, n_records):
    config = TrainingConfig(n_steps=n_steps, learning_rate=0.01, n_records=n_records)
    every_step = dataclasses.replace(config, n_records=n_steps)
    with jax.enable_x64(True):
        _, thinned = fit(config)
        _, every = fit(every_step)
    thinned, every = np.asarray(thinned), np.asarray(every)
    assert every.shape == (n_steps,)
    record = np.arange(n_steps) * min(n_records, n_steps) // n_steps
    expected = [np.mean(every[record == r]) for r in range(min(n_records, n_steps))]
    np.testing.assert_allclose(thinned, expected, rtol=1e-12)


def test_every_step_has_its_own_key():
    def draw(params, key):
        return jax.random.uniform(key) + 0 * jnp.sum(params["x"])

    losses = np.asarray(fit(TrainingConfig(n_steps=400, n_records=400), draw)[1])
    assert np.unique(losses).size == 400
    assert abs(np.mean(losses) - 0.5) < 4 / np.sqrt(12 * 400)  # standard error of a mean of uniforms


def test_frozen_leaves_come_back_bit_for_bit():
    before = start()
    config = TrainingConfig(n_steps=50)
    after, _ = fit(config, trainable={"x": False, "y": True})
    np.testing.assert_array_equal(after["x"], before["x"])
    assert np.all(np.asarray(after["y"]) != np.asarray(before["y"]))
    both, _ = fit(config)
    np.testing.assert_array_equal(both["y"], after["y"])  # the objective is separable, and so is Adam


def test_learning_rate_is_traced(count_traces):
    compiled = count_traces(lambda config: train(jax.random.key(0), start(), quadratic, config)[0]["x"])
    slow, fast = (np.asarray(compiled(TrainingConfig(n_steps=20, learning_rate=rate))) for rate in (1e-3, 1e-1))
    assert count_traces.n == 1
    assert np.sum((fast - TARGET) ** 2) < np.sum((slow - TARGET) ** 2)


def test_divergence_shows_in_the_history_and_raises_nothing():
    _, history = fit(TrainingConfig(n_steps=4), lambda params, key: jnp.log(-jnp.sum(params["y"])))
    assert not np.any(np.isfinite(history))


def test_precision_follows_the_parameters():
    params, history = fit(TrainingConfig(n_steps=3))
    assert (params["x"].dtype, history.dtype) == (jnp.float32, jnp.float32)
    with jax.enable_x64(True):
        params, history = fit(TrainingConfig(n_steps=3))
    assert (params["x"].dtype, history.dtype) == (jnp.float64, jnp.float64)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_steps": 0}, "n_steps must be at least 1, got 0"),
        ({"batch_size": -1}, "batch_size must be at least 1, got -1"),
        ({"n_records": 0}, "n_records must be at least 1, got 0"),
        ({"schedule": "step"}, "schedule must be one of constant, cosine, linear, warmup_cosine, got 'step'"),
        ({"optimiser": "adm"}, "optimiser must be one of adam, adamw, sgd, momentum, rmsprop, lion, got 'adm'"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite, got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive and finite, got nan"),
    ],
)
def test_wrong_configs_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**wrong)


def test_sgd_and_momentum_are_what_they_say():
    """On a quadratic of curvature 2, x - target shrinks by 1 - 2 rate a step; momentum keeps 0.9 of its velocity."""
    rate, n_steps = 0.05, 20
    error, velocity = -TARGET, np.zeros(3)
    for _ in range(n_steps):
        velocity = 0.9 * velocity + 2 * error
        error = error - rate * velocity
    expected = {"sgd": -TARGET * (1 - 2 * rate) ** n_steps, "momentum": error}
    for optimiser, remaining in expected.items():
        config = TrainingConfig(n_steps=n_steps, learning_rate=rate, schedule="constant", optimiser=optimiser)
        with jax.enable_x64(True):
            params, _ = fit(config)
        np.testing.assert_allclose(np.asarray(params["x"]) - TARGET, remaining, rtol=1e-10)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_every_optimiser_goes_downhill(optimiser):
    _, history = fit(TrainingConfig(n_steps=300, learning_rate=0.02, optimiser=optimiser))
    assert history[-1] < 0.5 * history[0]


def sampled_loss(params, key):
    return relu_bottleneck.loss(params, bernoulli_uniform(key, n_samples=16, n_latents=5, density=0.2))


def test_training_in_pieces_through_a_file_is_bit_identical(tmp_path):
    config = TrainingConfig(n_steps=90, batch_size=16, n_records=7)
    params = relu_bottleneck.init(jax.random.key(3), n_dims=2, n_latents=5)
    whole, history = jax.jit(lambda: train(jax.random.key(4), params, sampled_loss, config))()

    state = start_training(jax.random.key(4), params, sampled_loss, config)
    like = jax.eval_shape(lambda: state)
    for piece in (1, 37, 52):
        state = jax.jit(lambda s, n=piece: continue_training(s, sampled_loss, config, n_steps=n))(state)
        save(tmp_path / "state.safetensors", state)
        state = load(tmp_path / "state.safetensors", like)
    assert int(state.step) == 90
    np.testing.assert_array_equal(state.params.weights, whole.weights)
    np.testing.assert_array_equal(state.params.bias, whole.bias)
    np.testing.assert_array_equal(state.history, history)
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]
    with pytest.raises(ValueError, match="n_steps must be at most the training's 90, got 91"):
        continue_training(state, sampled_loss, config, n_steps=91)


def test_what_does_not_fit_a_file_is_named(tmp_path):
    params = relu_bottleneck.init(jax.random.key(3), n_dims=2, n_latents=5)
    save(tmp_path / "model", params)
    same = load(tmp_path / "model", params)
    np.testing.assert_array_equal(same.weights, params.weights)
    other = relu_bottleneck.init(jax.random.key(3), n_dims=3, n_latents=5)
    with pytest.raises(ValueError, match=r"weights is float32\[2, 5\], expected float32\[3, 5\]"):
        load(tmp_path / "model", other)
    with pytest.raises(ValueError, match="offset is missing"):
        load(tmp_path / "model", {"weights": params.weights, "offset": params.bias})
    with pytest.raises(ValueError, match="bias is not expected"):
        load(tmp_path / "model", {"weights": params.weights})
    (tmp_path / "model").write_bytes(b"not a model")
    with pytest.raises(ValueError, match="is no safetensors file"):
        load(tmp_path / "model", params)
