"""One training loop for every network: a scan over optimiser steps that can be vmapped over whole trainings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree, UInt32

from toymodels.counter_key import counter_key

OPTIMISERS: dict[str, Callable[..., optax.GradientTransformation]] = {
    "adam": optax.adam,
    "adamw": optax.adamw,
    "sgd": optax.sgd,
    "momentum": partial(optax.sgd, momentum=0.9),
    "rmsprop": optax.rmsprop,
    "lion": optax.lion,
}
"""Optax's optimisers with their usual moments; adamw decays weights by 1e-4 of the step size, lion by 1e-3."""

SCHEDULES = ("constant", "cosine", "linear", "warmup_cosine")

WARMUP = 0.05
"""Share of the steps in which warmup_cosine climbs."""

Params = TypeVar("Params")


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["learning_rate"],
    meta_fields=["n_steps", "batch_size", "schedule", "n_records", "optimiser"],
)
@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained: on fresh samples at every step, by Adam (Kingma & Ba 2015) unless told otherwise.

    Attributes:
        n_steps: optimiser steps.
        batch_size: samples drawn for each step.
        learning_rate: peak step size; may be traced.
        schedule: ``"constant"``; ``"cosine"`` for half a cosine from ``learning_rate`` down to 0; ``"linear"`` for a
            straight line down to 0; ``"warmup_cosine"`` for a straight line up over the first 5% of the steps, then
            the half cosine.
        n_records: length of the loss history at most; each entry is the mean loss of one stretch of steps.
        optimiser: a name in ``OPTIMISERS``.

    Raises:
        ValueError: if a count is not positive, the schedule or the optimiser is unknown, or a concrete learning rate
            is not positive.
    """

    n_steps: int = 2000
    batch_size: int = 256
    learning_rate: Float[ArrayLike, ""] = 1e-2
    schedule: str = "cosine"
    n_records: int = 50
    optimiser: str = "adam"

    def __post_init__(self) -> None:
        for name in ("n_steps", "batch_size", "n_records"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name, known in (("schedule", SCHEDULES), ("optimiser", tuple(OPTIMISERS))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        if isinstance(self.learning_rate, int | float) and not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be positive and finite, got {self.learning_rate}")


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["params", "optimiser_state", "history", "step", "key_words"],
    meta_fields=[],
)
@dataclass(frozen=True)
class TrainingState(Generic[Params]):
    """Everything that training needs to go on: a pytree of arrays, which `toymodels.checkpoint` saves.

    Attributes:
        params: the parameters after ``step`` steps.
        optimiser_state: Optax's state.
        history: the loss history; stretches that have not begun are 0, one that has not ended is a part of its mean.
        step: steps done.
        key_words: the threefry key of which every step's key is made.
    """

    params: Params
    optimiser_state: PyTree[Any]
    history: Float[Array, " n_records"]
    step: Int[Array, ""]
    key_words: UInt32[Array, "2"]


def start_training(
    key: PRNGKeyArray,
    params: Params,
    loss: Callable[[Params, PRNGKeyArray], Float[Array, ""]],
    config: TrainingConfig,
) -> TrainingState[Params]:
    """The state before the first step. ``loss`` is asked for its floating type only."""
    value = jax.eval_shape(lambda: loss(params, key))
    return TrainingState(
        params=params,
        optimiser_state=_optimiser(config).init(params),  # pyright: ignore[reportArgumentType]
        history=jnp.zeros(min(config.n_records, config.n_steps), value.dtype),
        step=jnp.zeros((), jnp.int32),
        key_words=jax.random.key_data(key),
    )


def continue_training(
    state: TrainingState[Params],
    loss: Callable[[Params, PRNGKeyArray], Float[Array, ""]],
    config: TrainingConfig,
    *,
    n_steps: int,
    trainable: PyTree[bool] | None = None,
) -> TrainingState[Params]:
    """Do the next ``n_steps`` steps of a training of ``config.n_steps`` in all.

    Whatever the pieces it is cut into, a training ends in the same parameters, bit for bit: a step depends on the
    state and its own number alone. Steps beyond ``config.n_steps`` are not foreseen: schedule and history end there.

    Raises:
        ValueError: if there are more steps than the whole training has.
    """
    if n_steps > config.n_steps:
        raise ValueError(f"n_steps must be at most the training's {config.n_steps}, got {n_steps}")
    optimiser = _optimiser(config)
    key = jax.random.wrap_key_data(state.key_words)
    record, record_length = _records(config)
    free = jax.tree.map(lambda _: True, state.params) if trainable is None else trainable

    def step(state, _):
        # Samples are drawn, used once and thrown away: the cheap generator will do, and training does not wait for it.
        step_key = counter_key(jax.random.fold_in(key, state.step))
        value, gradient = jax.value_and_grad(lambda p: loss(_freeze(p, free), step_key))(state.params)
        updates, optimiser_state = optimiser.update(gradient, state.optimiser_state, state.params)
        params = jax.tree.map(lambda p, u, moves: p + u if moves else p, state.params, updates, free)
        entry = record[state.step]
        history = state.history.at[entry].add(value / record_length[entry].astype(value.dtype))
        return replace(
            state, params=params, optimiser_state=optimiser_state, history=history, step=state.step + 1
        ), None

    return jax.lax.scan(step, state, None, length=n_steps)[0]


def train(
    key: PRNGKeyArray,
    params: Params,
    loss: Callable[[Params, PRNGKeyArray], Float[Array, ""]],
    config: TrainingConfig,
    *,
    trainable: PyTree[bool] | None = None,
) -> tuple[Params, Float[Array, " n_records"]]:
    """Minimise ``loss(params, key)`` by stochastic gradient steps.

    Each step is given a key of its own, of the generator in `toymodels.counter_key`, from which the loss draws its
    batch. Jittable, and vmappable over the key, the parameters and whatever traced numbers the loss closes over, so
    that many networks train in one compiled call. Divergence is not an error: it shows as a non-finite history.

    Args:
        key: the source of every step's key.
        params: pytree of floating arrays to start from.
        loss: scalar loss of parameters and a key.
        config: steps, step size, schedule and optimiser.
        trainable: a bool for each leaf of ``params``; False leaves come back bit for bit as they were, and cost no
            gradient. None trains all.

    Returns:
        The parameters after the last step, and the loss history: min(n_records, n_steps) means over consecutive
        stretches of steps, of equal length up to one step.
    """
    state = start_training(key, params, loss, config)
    state = continue_training(state, loss, config, n_steps=config.n_steps, trainable=trainable)
    return state.params, state.history


def _freeze(params: Params, trainable: PyTree[bool]) -> Params:
    return jax.tree.map(lambda p, free: p if free else jax.lax.stop_gradient(p), params, trainable)


def _optimiser(config: TrainingConfig) -> optax.GradientTransformation:
    return OPTIMISERS[config.optimiser](_learning_rate(config))


def _learning_rate(config: TrainingConfig) -> optax.Schedule:
    peak = jnp.asarray(config.learning_rate)
    climb = max(1, round(WARMUP * config.n_steps)) if config.schedule == "warmup_cosine" else 0

    def share(count):
        """Of the way down, how much is done."""
        done = jnp.asarray(count, jnp.result_type(peak, float)) - climb
        return jnp.clip(done / max(1, config.n_steps - climb), 0, 1)

    if config.schedule == "constant":
        return lambda count: peak
    if config.schedule == "linear":
        return lambda count: peak * (1 - share(count))

    def cosine(count):
        return peak * 0.5 * (1 + jnp.cos(jnp.pi * share(count)))

    if config.schedule == "cosine":
        return cosine
    return lambda count: jnp.where(jnp.asarray(count) < climb, peak * (count + 1) / climb, cosine(count))


def _records(config: TrainingConfig) -> tuple[Array, Array]:
    """Which history entry each step belongs to, and the number of steps in each entry."""
    n_records = min(config.n_records, config.n_steps)
    record = np.arange(config.n_steps) * n_records // config.n_steps
    return jnp.asarray(record), jnp.asarray(np.bincount(record))
