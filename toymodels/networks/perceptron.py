"""A perceptron with a narrow linear layer: inputs -> representation -> classes, or -> the inputs again."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Layer:
    """x -> x W + b for samples in rows."""

    weights: Float[Array, "n_in n_out"]
    bias: Float[Array, " n_out"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class PerceptronParams:
    """Layers up to the representation, and from there to the output; a ReLU between layers, none at either end."""

    encoder: tuple[Layer, ...]
    head: tuple[Layer, ...]


def init(key: PRNGKeyArray, *, encoder: Sequence[int], head: Sequence[int]) -> PerceptronParams:
    """Draw He-normal weights, entries N(0, 2 / n_in), and zero biases (He et al. 2015).

    `encoder` holds the widths from the inputs to the representation, `head` those from there to the output. Raises
    ValueError unless both have at least two, and the one begins with what the other ends with.
    """
    if len(encoder) < 2 or len(head) < 2 or encoder[-1] != head[0]:
        raise ValueError(f"widths {tuple(encoder)} and {tuple(head)} do not meet in one representation")
    encoder_key, head_key = jax.random.split(key)
    return PerceptronParams(_layers(encoder_key, encoder), _layers(head_key, head))


def hidden(params: PerceptronParams, inputs: Float[Array, "n_samples n_in"]) -> Float[Array, "n_samples n_dims"]:
    """The representation: a linear layer, so that its directions and not its neurons mean something."""
    return _forward(params.encoder, inputs)


def readout(
    params: PerceptronParams, representation: Float[Array, "n_samples n_dims"]
) -> Float[Array, "n_samples n_out"]:
    """What the network makes of its representation: logits of classes, or inputs."""
    return _forward(params.head, representation)


def classification_loss(
    params: PerceptronParams, inputs: Float[Array, "n_samples n_in"], labels: Int[Array, " n_samples"]
) -> Float[Array, ""]:
    """Mean of -log softmax(output)[label]."""
    logits = jax.nn.log_softmax(readout(params, hidden(params, inputs)), axis=1)
    return -jnp.mean(jnp.take_along_axis(logits, labels[:, None], axis=1))


def reconstruction_loss(params: PerceptronParams, inputs: Float[Array, "n_samples n_in"]) -> Float[Array, ""]:
    """Mean over samples and coordinates of (output - input)^2."""
    return jnp.mean(jnp.square(readout(params, hidden(params, inputs)) - inputs))


def _layers(key: PRNGKeyArray, widths: Sequence[int]) -> tuple[Layer, ...]:
    keys = jax.random.split(key, len(widths) - 1)
    return tuple(
        Layer((2 / n_in) ** 0.5 * jax.random.normal(one, (n_in, n_out)), jnp.zeros(n_out))
        for one, n_in, n_out in zip(keys, widths, widths[1:], strict=False)
    )


def _forward(layers: tuple[Layer, ...], inputs: Float[Array, "n_samples n_in"]) -> Float[Array, "n_samples n_out"]:
    for place, layer in enumerate(layers):
        inputs = (inputs if place == 0 else jax.nn.relu(inputs)) @ layer.weights + layer.bias[None, :]
    return inputs
