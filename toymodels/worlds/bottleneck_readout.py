"""What the worlds around a ReLU bottleneck share: training on their own latents, and drawing the problem."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.latents import bernoulli_uniform
from toymodels.networks import relu_bottleneck
from toymodels.networks.relu_bottleneck import BottleneckParams
from toymodels.problem import Problem
from toymodels.training import TrainingConfig, train


def importance_weights(n_latents: int, decay: Float[ArrayLike, ""]) -> Float[Array, " n_latents"]:
    """Geometric importance, decay**i for latent i = 0, 1, ..."""
    return jnp.asarray(decay) ** jnp.arange(n_latents)


def train_bottleneck(
    key: PRNGKeyArray,
    params: BottleneckParams,
    config: TrainingConfig,
    *,
    density: Float[ArrayLike, ""],
    training_noise_std: Float[ArrayLike, ""] | None,
    importance: Float[Array, " n_latents"],
    trainable: BottleneckParams | None = None,
) -> tuple[BottleneckParams, Float[Array, " n_records"]]:
    """Train a ReLU bottleneck on fresh Bernoulli-uniform latents, with Gaussian noise on its representation.

    ``training_noise_std`` None draws no noise at all, which is the same network as 0 for less work.
    """
    n_dims, n_latents = params.weights.shape

    def loss(params: BottleneckParams, step_key: PRNGKeyArray) -> Float[Array, ""]:
        latent_key, noise_key = jax.random.split(step_key)
        latents = bernoulli_uniform(latent_key, n_samples=config.batch_size, n_latents=n_latents, density=density)
        noise = None
        if training_noise_std is not None:
            noise = jax.random.normal(noise_key, (config.batch_size, n_dims), latents.dtype) * training_noise_std
        return relu_bottleneck.loss(params, latents, noise, importance)

    return train(key, params, loss, config, trainable=trainable)


def draw_problem(
    key: PRNGKeyArray,
    params: BottleneckParams,
    training_loss: Float[Array, " n_records"],
    *,
    n_train: int,
    n_eval: int,
    density: Float[ArrayLike, ""],
) -> Problem:
    """Draw the codes that go with a network and put the problem together."""
    train_key, eval_key = jax.random.split(key)
    n_latents = params.weights.shape[1]
    return Problem(
        dictionary=params.weights,
        train_codes=bernoulli_uniform(train_key, n_samples=n_train, n_latents=n_latents, density=density),
        eval_codes=bernoulli_uniform(eval_key, n_samples=n_eval, n_latents=n_latents, density=density),
        readout_bias=params.bias,
        training_loss=training_loss,
    )


def check_sizes(**sizes: int) -> None:
    """Raise ValueError for the first size below 1."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")
