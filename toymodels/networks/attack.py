"""Adversarial examples of the ReLU bottleneck, within a Euclidean ball."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.networks import relu_bottleneck
from toymodels.networks.relu_bottleneck import BottleneckParams


def l2_attack(
    key: PRNGKeyArray,
    params: BottleneckParams,
    latents: Float[Array, "n_samples n_latents"],
    *,
    radius: Float[ArrayLike, ""],
    n_steps: int = 20,
) -> Float[Array, "n_samples n_latents"]:
    """The perturbation of each sample that harms the reconstruction most, as far as projected ascent finds it.

        maximise |z - relu(W^T W (z + d) + b)|^2 over |d| <= radius

    The sample z itself is what is asked for, so d is an error of the input and not another truth. The objective is
    quadratic between the kinks of the ReLU, and convex ones are largest on the sphere: each step moves d to where the
    gradient points, at the full radius (the power method, were there no ReLU). Starts at a random point.

    Args:
        key: the source of the starting points.
        params: W and b.
        latents: the samples z, one a row.
        radius: length of the perturbation; may be traced.
        n_steps: steps of the ascent.

    Returns:
        Perturbations d, one a row; a sample whose gradient vanishes keeps its random one.
    """

    def harm(perturbation):
        output = relu_bottleneck.readout(params, relu_bottleneck.hidden(params, latents + perturbation))
        return jnp.sum(jnp.square(latents - output))

    def onto_sphere(direction: Array, otherwise: Array) -> Array:
        length: Array = jnp.linalg.norm(direction, axis=1, keepdims=True)
        return jnp.where(length > 0, radius * direction / jnp.where(length > 0, length, 1), otherwise)

    def step(_: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        perturbation, best, most = state
        perturbation = onto_sphere(jax.grad(harm)(perturbation), perturbation)
        reached = sample_errors(params, latents, perturbation)
        better = reached > most
        return perturbation, jnp.where(better[:, None], perturbation, best), jnp.maximum(reached, most)

    random = jax.random.normal(key, latents.shape, latents.dtype)
    start = onto_sphere(random, jnp.zeros_like(random))
    return jax.lax.fori_loop(0, n_steps, step, (start, start, sample_errors(params, latents, start)))[1]


def sample_errors(
    params: BottleneckParams,
    latents: Float[Array, "n_samples n_latents"],
    perturbation: Float[Array, "n_samples n_latents"],
) -> Float[Array, " n_samples"]:
    """|z - relu(W^T W (z + d) + b)|^2 of each sample z with its perturbation d."""
    output = relu_bottleneck.readout(params, relu_bottleneck.hidden(params, latents + perturbation))
    return jnp.sum(jnp.square(latents - output), axis=1)
