"""Computation in superposition: a narrow hidden layer that computes absolute values of many latents."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class AbsoluteValueParams:
    """Parameters of z -> relu(W2 relu(W1 z) + b): column i of W1 is what latent i does to the neurons."""

    inward: Float[Array, "n_dims n_latents"]
    outward: Float[Array, "n_latents n_dims"]
    bias: Float[Array, " n_latents"]


def init(key: PRNGKeyArray, *, n_dims: int, n_latents: int) -> AbsoluteValueParams:
    """Draw Glorot-normal weights, entries N(0, 2 / (n_dims + n_latents)), and a zero bias."""
    inward_key, outward_key = jax.random.split(key)
    scale = (2 / (n_dims + n_latents)) ** 0.5
    inward = scale * jax.random.normal(inward_key, (n_dims, n_latents))
    outward = scale * jax.random.normal(outward_key, (n_latents, n_dims))
    return AbsoluteValueParams(inward=inward, outward=outward, bias=jnp.zeros(n_latents, inward.dtype))


def neurons(
    params: AbsoluteValueParams, latents: Float[Array, "n_samples n_latents"]
) -> Float[Array, "n_samples n_dims"]:
    """The hidden layer relu(W1 z): its basis is privileged, unlike a linear representation's."""
    return jax.nn.relu(latents @ params.inward.T)


def loss(
    params: AbsoluteValueParams,
    latents: Float[Array, "n_samples n_latents"],
    importance: Float[Array, " n_latents"] | None = None,
) -> Float[Array, ""]:
    """Importance-weighted mean squared error of the computed absolute values (Elhage et al. 2022).

        loss = 1 / (P N) sum_p sum_i importance_i (|z_pi| - relu(W2 relu(W1 z_p) + b)_i)^2

    Two neurons suffice for one latent: relu(z) + relu(-z) = |z|.

    Args:
        params: W1, W2 and b.
        latents: the samples z, one a row, of either sign.
        importance: weight of each latent's error; None weighs all by 1.

    Returns:
        The loss, a scalar.
    """
    truth = latents.T
    hidden = jax.nn.relu(params.inward @ truth)
    error = jnp.square(jnp.abs(truth) - jax.nn.relu(params.outward @ hidden + params.bias[:, None]))
    if importance is not None:
        error = importance[:, None] * error
    return jnp.mean(error)


def signed_uniform(latents: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_latents"]:
    """Turn non-negative uniform latents on [0, 1) into ones on (-1, 1): z -> 2 z - 1 where z is active."""
    return jnp.where(latents > 0, 2 * latents - 1, 0)
