"""A multi-layer perceptron f: from observations to the representation, and back as a decoder."""

import itertools
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from toymodels.generators.leaky import leaky_relu


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class EncoderParams:
    """Parameters of x -> y: whitened inputs, hidden layers with leaky ReLUs, and a linear last one.

    Attributes:
        shift, whitener: the inputs are (x - shift) @ whitener, of mean 0 and covariance I. Not trained.
        weights, biases: a matrix (inputs x outputs) and a vector per layer.
        slope: of the leaky ReLUs; 1 makes the network linear. Not trained.
        in_use: 1 for the features that the representation has, 0 for those that are held at 0, so that networks of
            several widths share a program. Not trained.
    """

    shift: Float[Array, " n_observed"]
    whitener: Float[Array, "n_observed n_observed"]
    weights: tuple[Float[Array, "..."], ...]
    biases: tuple[Float[Array, "..."], ...]
    slope: Float[Array, ""]
    in_use: Float[Array, " n_dims"]


def init(
    key: PRNGKeyArray,
    observations: Float[Array, "n_samples n_observed"],
    *,
    n_dims: int,
    n_hidden: int = 64,
    n_layers: int = 3,
    slope: Float[ArrayLike, ""] = 0.1,
    n_used: Int[ArrayLike, ""] | None = None,
) -> EncoderParams:
    """Draw He-normal weights, entries N(0, 2 / inputs), N(0, 1 / inputs) in the last layer, and zero biases.

    Whitening is affine: it changes nothing in what a network can represent, and much in how fast it learns from inputs
    whose directions differ in scale.

    Args:
        key: the only source of randomness.
        observations: samples of x, by whose mean and covariance inputs are whitened.
        n_dims: entries of y.
        n_hidden: units of each hidden layer.
        n_layers: hidden layers, 0 for a linear map.
        slope: of the leaky ReLUs; may be traced.
        n_used: features in use, the first ones; may be traced. None uses all.

    Raises:
        ValueError: if a count is not positive, or that of hidden layers negative.
    """
    if min(n_dims, n_hidden) < 1 or n_layers < 0:
        raise ValueError(
            f"n_dims and n_hidden must be at least 1 and n_layers at least 0, got {n_dims}, {n_hidden} and {n_layers}"
        )
    shift, whitener = _whitening(observations)
    n_observed = observations.shape[1]
    sizes = [n_observed, *[n_hidden] * n_layers, n_dims]
    keys = jax.random.split(key, n_layers + 1)
    weights = []
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        gain = 1.0 if layer == n_layers else 2.0
        weights.append((gain / n_in) ** 0.5 * jax.random.normal(keys[layer], (n_in, n_out)))
    dtype = weights[0].dtype
    return EncoderParams(
        shift=shift,
        whitener=whitener,
        weights=tuple(weights),
        biases=tuple(jnp.zeros(n_out, dtype) for n_out in sizes[1:]),
        slope=jnp.asarray(slope, dtype),
        in_use=(jnp.arange(n_dims) < (n_dims if n_used is None else n_used)).astype(dtype),
    )


def encode(
    params: EncoderParams, observations: Float[Array, "n_samples n_observed"]
) -> Float[Array, "n_samples n_dims"]:
    """The representation y = f(x) of each sample."""
    hidden = (observations - params.shift[None, :]) @ params.whitener
    for layer, (weights, bias) in enumerate(zip(params.weights, params.biases, strict=True)):
        hidden = hidden @ weights + bias[None, :]
        if layer < len(params.weights) - 1:
            hidden = leaky_relu(hidden, params.slope)
    return hidden * params.in_use[None, :]


def trainable(params: EncoderParams) -> PyTree[bool]:
    """Which leaves training may move, as `toymodels.training.train` wants to know: bools in the same structure."""
    fixed = jax.tree.map(lambda _: False, params)
    return replace(fixed, weights=tuple(True for _ in params.weights), biases=tuple(True for _ in params.biases))


def _whitening(observations: Float[Array, "n_samples n_observed"]) -> tuple[Array, Array]:
    """Mean, and a matrix that takes the covariance to I; directions without variance are scaled like the least."""
    mean = jnp.mean(observations, axis=0)
    centred = observations - mean[None, :]
    values, vectors = jnp.linalg.eigh(centred.T @ centred / observations.shape[0])
    floor = 10 * jnp.finfo(values.dtype).eps * values[-1] + jnp.finfo(values.dtype).tiny
    return mean, vectors / jnp.sqrt(jnp.maximum(values, floor))[None, :]
