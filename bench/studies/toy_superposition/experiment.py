"""What a figure is: the networks it needs, what is measured of each, and what decides whether it is the paper's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pandas as pd

from analysis.figures import Panel
from bench.studies.toy_superposition.parameters import Fixed
from toymodels.latents import bernoulli_uniform
from toymodels.networks import relu_bottleneck
from toymodels.networks.relu_bottleneck import BottleneckParams
from toymodels.training import TrainingConfig, train

Worlds = list[tuple[dict[str, Any], int]]


@dataclass(frozen=True)
class Judgement:
    """Whether a figure shows what the paper's does: what was measured, in numbers, and by which rule."""

    passed: bool
    ours: str


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A figure of the paper.

    worlds(fixed, trials) -> density, importance and seed of each network.
    train(key, fixed, values) -> pytree; measure(key, fixed, trained, values) -> dict of scalars. Both pure.
    judge, table and panels read the figure's rows, one per network.
    """

    name: str
    section: str
    """Where the paper shows it."""
    paper: str
    """What the paper shows."""
    rule: str
    """What counts as the same."""
    worlds: Callable[[Fixed, int], Worlds]
    train: Callable[[jax.Array, Fixed, dict], Any]
    measure: Callable[[jax.Array, Fixed, Any, dict], dict[str, Any]]
    judge: Callable[[pd.DataFrame, Fixed], Judgement]
    table: Callable[[pd.DataFrame, Fixed], pd.DataFrame]
    panels: Callable[[pd.DataFrame, Fixed], list[Panel]]


def cells(densities: Any, importances: Any = (1.0,), *, seeds: int) -> Worlds:
    """All combinations, each with that many seeds."""
    return [
        ({"density": float(density), "importance": float(importance)}, seed)
        for density in densities
        for importance in importances
        for seed in range(seeds)
    ]


def config(fixed: Fixed, n_steps: int) -> TrainingConfig:
    """The training that the figures share, for that many steps."""
    return TrainingConfig(n_steps=n_steps, batch_size=fixed.batch_size, learning_rate=fixed.learning_rate)


def train_relu(
    key: jax.Array,
    training: TrainingConfig,
    *,
    n_latents: int,
    n_dims: int,
    importance: jax.Array | None = None,
    density: jax.Array | float = 1.0,
    latents: Callable[[jax.Array], jax.Array] | None = None,
) -> BottleneckParams:
    """A ReLU bottleneck, trained on Bernoulli-uniform latents or on what `latents` draws of a key."""
    init_key, training_key = jax.random.split(key)
    draw = latents or (
        lambda key: bernoulli_uniform(key, n_samples=training.batch_size, n_latents=n_latents, density=density)
    )
    params, _ = train(
        training_key,
        relu_bottleneck.init(init_key, n_dims=n_dims, n_latents=n_latents),
        lambda params, key: relu_bottleneck.loss(params, draw(key), None, importance),
        training,
    )
    return params


def weight_columns(weights: jax.Array) -> dict[str, jax.Array]:
    """A small matrix as scalars, for pictures."""
    n_dims, n_latents = weights.shape
    return {f"weight_{i}_{j}": weights[i, j] for i in range(n_dims) for j in range(n_latents)}


def weights_of(row: pd.Series, n_dims: int, n_latents: int) -> np.ndarray:
    """The matrix that `weight_columns` took apart."""
    return np.array([[row[f"weight_{i}_{j}"] for j in range(n_latents)] for i in range(n_dims)], float)


def best(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Of each group the row of least loss."""
    usable = rows.dropna(subset=["loss"])
    return usable.loc[usable.groupby(by, sort=True)["loss"].idxmin()].reset_index(drop=True)
