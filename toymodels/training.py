"""One training loop for every network: a scan over Adam steps that can be vmapped over whole trainings."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

SCHEDULES = ("constant", "cosine")

Params = TypeVar("Params")


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["learning_rate"],
    meta_fields=["n_steps", "batch_size", "schedule", "n_records"],
)
@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained: by Adam (Kingma & Ba 2015) with its usual moments, on fresh samples at every step.

    Attributes:
        n_steps: optimiser steps.
        batch_size: samples drawn for each step.
        learning_rate: peak step size of Adam; may be traced.
        schedule: ``"constant"``, or ``"cosine"`` for half a cosine from ``learning_rate`` down to 0.
        n_records: length of the loss history at most; each entry is the mean loss of one stretch of steps.

    Raises:
        ValueError: if a count is not positive, the schedule is unknown, or a concrete learning rate is not positive.
    """

    n_steps: int = 2000
    batch_size: int = 256
    learning_rate: Float[ArrayLike, ""] = 1e-2
    schedule: str = "cosine"
    n_records: int = 50

    def __post_init__(self) -> None:
        for name in ("n_steps", "batch_size", "n_records"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, got {self.schedule!r}")
        if isinstance(self.learning_rate, int | float) and not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be positive and finite, got {self.learning_rate}")


def train(
    key: PRNGKeyArray,
    params: Params,
    loss: Callable[[Params, PRNGKeyArray], Float[Array, ""]],
    config: TrainingConfig,
    *,
    trainable: PyTree[bool] | None = None,
) -> tuple[Params, Float[Array, " n_records"]]:
    """Minimise ``loss`` from ``params``.

    Step t calls ``loss(params, key_t)`` with its own key, from which the loss draws its batch. Jittable, and
    vmappable over the key, the parameters and whatever traced numbers the loss closes over, so that many networks
    train in one compiled call. Divergence is not an error: it shows as a non-finite history.

    Args:
        key: the source of every step's key.
        params: pytree of floating arrays to start from.
        loss: scalar loss of parameters and a key.
        config: steps, step size and schedule.
        trainable: a bool for each leaf of ``params``; False leaves come back bit for bit as they were, and cost no
            gradient. None trains all.

    Returns:
        The parameters after the last step, and the loss history: min(n_records, n_steps) means over consecutive
        stretches of steps, of equal length up to one step.
    """
    if trainable is None:
        trainable = jax.tree.map(lambda _: True, params)
    optimiser = optax.adam(_learning_rate(config))
    record, record_length = _records(config)

    def step(carry, index):
        params, state, history = carry
        value, gradient = jax.value_and_grad(lambda p: loss(_freeze(p, trainable), jax.random.fold_in(key, index)))(
            params
        )
        updates, state = optimiser.update(gradient, state, params)
        params = jax.tree.map(lambda p, u, free: p + u if free else p, params, updates, trainable)
        history = history.at[record[index]].add(value / record_length[record[index]].astype(value.dtype))
        return (params, state, history), None

    value = jax.eval_shape(lambda: loss(params, key))
    start = (params, optimiser.init(params), jnp.zeros(len(record_length), value.dtype))  # pyright: ignore[reportArgumentType]
    (params, _, history), _ = jax.lax.scan(step, start, jnp.arange(config.n_steps))
    return params, history


def _freeze(params: Params, trainable: PyTree[bool]) -> Params:
    return jax.tree.map(lambda p, free: p if free else jax.lax.stop_gradient(p), params, trainable)


def _learning_rate(config: TrainingConfig) -> optax.Schedule:
    peak = jnp.asarray(config.learning_rate)
    if config.schedule == "constant":
        return lambda count: peak
    return lambda count: peak * 0.5 * (1 + jnp.cos(jnp.pi * count / config.n_steps))


def _records(config: TrainingConfig) -> tuple[Array, Array]:
    """Which history entry each step belongs to, and the number of steps in each entry."""
    n_records = min(config.n_records, config.n_steps)
    record = np.arange(config.n_steps) * n_records // config.n_steps
    return jnp.asarray(record), jnp.asarray(np.bincount(record))
