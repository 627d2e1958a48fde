"""How well a label can be read from codes, by all of them or by the best one."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.metrics.correlation import ranks

_STEPS = 500
_RIDGE = 1e-5
_POWER_STEPS = 20


class Readings(NamedTuple):
    """A score where the reader was fitted or chosen, and the same reader's elsewhere."""

    iid: Float[Array, ""]
    ood: Float[Array, ""]


def accuracy(
    codes_iid: Float[Array, "n_samples n_atoms"],
    label_iid: Bool[Array, " n_samples"],
    codes_ood: Float[Array, "n_ood n_atoms"],
    label_ood: Bool[Array, " n_ood"],
) -> Readings:
    """Share of labels that a logistic regression on the in-distribution codes gets right, there and elsewhere.

    min over w, b of mean log(1 + exp(-+(w . z + b))) + 5e-6 ||w||^2, each code in units of its standard deviation, by a
    fixed number of accelerated gradient steps. The ridge, and the end of the steps, keep separable labels finite.
    """
    deviation = jnp.std(codes_iid, axis=0)
    scale = jnp.where(deviation > 0, 1 / jnp.where(deviation > 0, deviation, 1), 0)
    mean = jnp.mean(codes_iid, axis=0)
    features = (codes_iid - mean) * scale
    n_samples = features.shape[0]

    def power_step(_: Array, vector: Array) -> Array:
        vector = features.T @ (features @ vector)
        return vector / jnp.maximum(jnp.linalg.norm(vector), jnp.finfo(vector.dtype).tiny)

    vector = jax.lax.fori_loop(0, _POWER_STEPS, power_step, jnp.ones(features.shape[1], features.dtype))
    # A tenth more than the estimate, which is from below; the intercept's own curvature is 1.
    largest = 1.1 * jnp.maximum(jnp.sum((features @ vector) ** 2) / n_samples, 1)
    step_size = 1 / (largest / 4 + _RIDGE)
    target = label_iid.astype(features.dtype)

    def step(count: Array, state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        weights, bias, last_weights, last_bias = state
        carry = count / (count + 3)
        ahead, bias_ahead = weights + carry * (weights - last_weights), bias + carry * (bias - last_bias)
        error = (jax.nn.sigmoid(features @ ahead + bias_ahead) - target) / n_samples
        return (
            ahead - step_size * (features.T @ error + _RIDGE * ahead),
            bias_ahead - step_size * jnp.sum(error),
            weights,
            bias,
        )

    nothing, none = jnp.zeros(features.shape[1], features.dtype), jnp.zeros((), features.dtype)
    weights, bias, _, _ = jax.lax.fori_loop(0, _STEPS, step, (nothing, none, nothing, none))

    def right(codes: Array, label: Array) -> Float[Array, ""]:
        return jnp.mean(((codes - mean) * scale @ weights + bias > 0) == label)

    return Readings(right(codes_iid, label_iid), right(codes_ood, label_ood))


def best_latent_auc(
    codes_iid: Float[Array, "n_samples n_atoms"],
    label_iid: Bool[Array, " n_samples"],
    codes_ood: Float[Array, "n_ood n_atoms"],
    label_ood: Bool[Array, " n_ood"],
) -> Readings:
    """Area under the ROC curve of the one code that has the largest in distribution, there and elsewhere.

    Either sign of a code will do, so that the area is at least 1/2; nan where all labels are the same.
    """
    areas = _areas(codes_iid, label_iid)
    best = jnp.argmax(areas)
    return Readings(areas[best], _areas(codes_ood[:, best][:, None], label_ood)[0])


def _areas(codes: Float[Array, "n_samples n_atoms"], label: Bool[Array, " n_samples"]) -> Float[Array, " n_atoms"]:
    """By ranks (Mann & Whitney): the share of pairs of unlike labels that a code puts in order, ties counting half."""
    positive = label.astype(codes.dtype)
    n_positive = jnp.sum(positive)
    n_negative = label.size - n_positive
    pairs = n_positive * n_negative
    area = (positive @ ranks(codes) - n_positive * (n_positive - 1) / 2) / jnp.maximum(pairs, 1)
    return jnp.where(pairs > 0, jnp.maximum(area, 1 - area), jnp.nan)
