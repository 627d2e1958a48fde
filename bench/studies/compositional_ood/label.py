"""How well a label can be read from codes, by all of them or by the best one."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float

from analysis.metrics.correlation import ranks

_STEPS = 1000
_STEEPEST = 1e-4
_MEMORY = 10


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

    min over w, b of mean log(1 + exp(-+(w . z + b))) from 0 by L-BFGS, without a penalty, until no derivative is above
    1e-4: as published, where scikit-learn's defaults do it. Separable labels have no minimum; where the descent ends
    decides how the codes are weighted, and out of distribution the accuracy depends on it more than on the codes.
    """
    target = label_iid.astype(codes_iid.dtype)

    def loss(weights: Array) -> Array:
        return jnp.mean(optax.sigmoid_binary_cross_entropy(codes_iid @ weights[1:] + weights[0], target))

    solver = optax.lbfgs(memory_size=_MEMORY)
    value_and_grad = optax.value_and_grad_from_state(loss)

    def goes_on(carry: tuple[Array, Any]) -> Array:
        _, state = carry
        steepest = jnp.max(jnp.abs(optax.tree.get(state, "grad")))
        count = optax.tree.get(state, "count")
        return (count == 0) | ((count < _STEPS) & (steepest > _STEEPEST))

    def step(carry: tuple[Array, Any]) -> tuple[Array, Any]:
        weights, state = carry
        value, grad = value_and_grad(weights, state=state)
        updates, state = solver.update(grad, state, weights, value=value, grad=grad, value_fn=loss)
        return jnp.asarray(optax.apply_updates(weights, updates)), state

    start = jnp.zeros(codes_iid.shape[1] + 1, codes_iid.dtype)
    weights, _ = jax.lax.while_loop(goes_on, step, (start, solver.init(start)))

    def right(codes: Array, label: Array) -> Float[Array, ""]:
        return jnp.mean((codes @ weights[1:] + weights[0] > 0) == label)

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
