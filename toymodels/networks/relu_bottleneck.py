"""The toy model of superposition: a linear bottleneck with a ReLU readout tied to it."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BottleneckParams:
    """Parameters W and b of z -> relu(W^T W z + b); column i of W is the direction of latent i."""

    weights: Float[Array, "n_dims n_latents"]
    bias: Float[Array, " n_latents"]


def init(key: PRNGKeyArray, *, n_dims: int, n_latents: int) -> BottleneckParams:
    """Draw Glorot-normal weights, entries N(0, 2 / (n_dims + n_latents)), and a zero bias."""
    scale = (2 / (n_dims + n_latents)) ** 0.5
    weights = scale * jax.random.normal(key, (n_dims, n_latents))
    return BottleneckParams(weights=weights, bias=jnp.zeros(n_latents, weights.dtype))


def hidden(params: BottleneckParams, latents: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_dims"]:
    """The representation h = W z of each sample, that is z W^T for samples in rows."""
    return latents @ params.weights.T


def readout(
    params: BottleneckParams, representation: Float[Array, "n_samples n_dims"]
) -> Float[Array, "n_samples n_latents"]:
    """The network's own estimate of the latents, relu(W^T h + b)."""
    return jax.nn.relu(representation @ params.weights + params.bias[None, :])


def loss(
    params: BottleneckParams,
    latents: Float[Array, "n_samples n_latents"],
    noise: Float[Array, "n_samples n_dims"] | None = None,
    importance: Float[Array, " n_latents"] | None = None,
) -> Float[Array, ""]:
    """Importance-weighted mean squared error of the reconstruction (Elhage et al. 2022).

        loss = 1 / (P N) sum_p sum_i importance_i (z_pi - relu(W^T (W z_p + noise_p) + b)_i)^2

    The mean is over samples and latents both; Elhage et al. write the sum over latents, N times as much.

    Args:
        params: W and b.
        latents: the samples z, one a row.
        noise: what is added to the representation; None adds nothing.
        importance: weight of each latent's error; None weighs all by 1.

    Returns:
        The loss, a scalar.
    """
    return reconstruction_loss(params, latents, noise, importance, output=jax.nn.relu)


def reconstruction_loss(
    params: BottleneckParams,
    latents: Float[Array, "n_samples n_latents"],
    noise: Float[Array, "n_samples n_dims"] | None,
    importance: Float[Array, " n_latents"] | None,
    *,
    output: Callable[[Array], Array],
) -> Float[Array, ""]:
    """The loss of a bottleneck whose readout is output(W^T h + b), entry by entry."""
    # Samples along the last axis, the long one: three times faster on a CPU where n_dims and n_latents are small.
    truth = latents.T
    representation = params.weights @ truth
    if noise is not None:
        representation = representation + noise.T
    error = jnp.square(truth - output(params.weights.T @ representation + params.bias[:, None]))
    if importance is not None:
        error = importance[:, None] * error
    return jnp.mean(error)
