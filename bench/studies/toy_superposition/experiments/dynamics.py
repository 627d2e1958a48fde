"""Learning by jumps: feature dimensionalities stand on levels and leave them all at once, as the loss falls."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.figures import Panel, Series, SeriesFacet, cut_plot
from analysis.metrics import feature_dimensionality, represented
from bench.studies.toy_superposition.experiment import Experiment, Judgement, cells, config
from bench.studies.toy_superposition.parameters import Fixed
from toymodels.latents import bernoulli_uniform
from toymodels.networks import relu_bottleneck
from toymodels.training import TrainingConfig, continue_training, start_training

N, M = 5, 2
DENSITY = 0.03
IMPORTANCE = 0.9 ** np.arange(N)
LEARNING_RATE = 1e-3
SMALL = 0.1
"""Of the usual initial weights: features are then taken up one after the other."""
CHECKPOINTS = 40
WINDOW = 4
"""Checkpoints for which the loss has to stand still before a jump, and within which it has to fall."""
STILL, FALL = 0.1, 0.25
LEAST_SHARE = 0.25
"""The paper shows single trainings; here some seeds stay on a level to the end, and some never stop at one."""
LEVELS = {"before": (0.5, 0.06), "after": (0.4, 0.03)}


def _training(fixed: Fixed) -> TrainingConfig:
    n_steps = CHECKPOINTS * max(1, fixed.dynamics_steps // CHECKPOINTS)
    return replace(
        config(fixed, n_steps), learning_rate=LEARNING_RATE, schedule="constant", n_records=CHECKPOINTS
    )  # fmt: skip


def _train(key: jax.Array, fixed: Fixed, values: dict) -> Any:
    """The loss before each checkpoint, and each feature's dimensionality and whether it is represented at it."""
    training, importance = _training(fixed), jnp.asarray(IMPORTANCE, values["density"].dtype)

    def loss(params: Any, key: jax.Array) -> jax.Array:
        latents = bernoulli_uniform(key, n_samples=training.batch_size, n_latents=N, density=values["density"])
        return relu_bottleneck.loss(params, latents, None, importance)

    init_key, training_key = jax.random.split(key)
    start = jax.tree.map(lambda leaf: SMALL * leaf, relu_bottleneck.init(init_key, n_dims=M, n_latents=N))
    state = start_training(training_key, start, loss, training)

    def piece(state: Any, _: None) -> Any:
        state = continue_training(state, loss, training, n_steps=training.n_steps // CHECKPOINTS)
        weights = state.params.weights
        return state, (feature_dimensionality(weights), represented(weights))

    state, (dimensionality, held) = jax.lax.scan(piece, state, None, length=CHECKPOINTS)
    return state.history, dimensionality, held


def _measure(key: jax.Array, fixed: Fixed, trained: Any, values: dict) -> dict[str, Any]:
    history, dimensionality, held = trained
    # Stands still on [t - WINDOW, t], and falls by t + WINDOW.
    at = jnp.arange(WINDOW, CHECKPOINTS - WINDOW)
    still: jax.Array = jnp.abs(history[at - WINDOW] / history[at] - 1) < STILL
    fall: Any = jnp.where(still, 1 - history[at + WINDOW] / history[at], 0)
    jump = at[jnp.argmax(fall)]

    def level(checkpoint: jax.Array) -> jax.Array:
        mask: jax.Array = held[checkpoint]
        each: jax.Array = dimensionality[checkpoint]
        return jnp.sum(jnp.where(mask, each, 0)) / jnp.maximum(jnp.sum(mask), 1)

    return {
        "loss": history[-1],
        "jump": jump,
        "fall": jnp.max(fall),
        "level_before": level(jump),
        "level_after": level(jump + WINDOW),
        "n_before": jnp.sum(held[jump], dtype=jnp.int32),
        "n_after": jnp.sum(held[jump + WINDOW], dtype=jnp.int32),
        **{f"loss_{t}": history[t] for t in range(CHECKPOINTS)},
        **{f"dimensionality_{t}_{i}": dimensionality[t, i] for t in range(CHECKPOINTS) for i in range(N)},
    }


def _table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """Per network: where its largest jump is, how far the loss falls, and the levels before and after."""
    table = rows[["trial", "loss", "jump", "fall", "level_before", "level_after", "n_before", "n_after"]].copy()
    near = {name: (table[f"level_{name}"] - level).abs() <= off for name, (level, off) in LEVELS.items()}
    jumps = (table["fall"] >= FALL) & (table["n_after"] > table["n_before"]) & near["before"] & near["after"]
    return table.assign(jumps=jumps).reset_index(drop=True)


def _judge(rows: pd.DataFrame, fixed: Fixed) -> Judgement:
    table = _table(rows, fixed)
    share, jumped = table["jumps"].mean(), table[table["jumps"]]
    text = f"{int(table['jumps'].sum())} of {len(table)} networks jump between levels"
    if len(jumped):
        text += (
            f"; there the loss falls by {jumped['fall'].mean():.0%}, and mean dimensionality from "
            f"{jumped['level_before'].mean():.2f} to {jumped['level_after'].mean():.2f}"
        )
    return Judgement(bool(share >= LEAST_SHARE), text)


def _panels(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    table = _table(rows, fixed)
    order = table.assign(score=table["jumps"] * 10 + table["fall"])["score"].to_numpy()
    row = rows.iloc[int(order.argmax())]
    steps = (np.arange(CHECKPOINTS) + 1) * (_training(fixed).n_steps // CHECKPOINTS)

    def series(label: str, values: np.ndarray) -> Series:
        tips = [f"step {s}: {label} {v:.3g}" for s, v in zip(steps, values, strict=True)]
        return Series(label, steps.astype(float), values, tips=tips)

    losses = np.array([row[f"loss_{t}"] for t in range(CHECKPOINTS)], float)
    lines = [
        series(f"feature {i + 1}", np.array([row[f"dimensionality_{t}_{i}"] for t in range(CHECKPOINTS)], float))
        for i in range(N)
    ]
    return [
        cut_plot(
            [
                SeriesFacet("feature dimensionality", lines),
                SeriesFacet("loss, relative to the largest", [series("loss", losses / losses.max())]),
            ],
            name="dynamics",
            title="Learning five features in two dimensions",
            caption=f"The network with the clearest jump, seed {int(row['trial'])}. Left: each feature's "
            "dimensionality. Right: the mean loss up to each checkpoint.",
            alt="Dimensionalities stand near 1/2 for four features, then jump to 2/5 for all five as the loss falls.",
            x_label="step",
            y_label="value",
        )
    ]


EXPERIMENT = Experiment(
    name="dynamics",
    section="Superposition and learning dynamics",
    paper="Feature dimensionalities stand on discrete levels during training, and features jump from one to another; "
    "the loss falls suddenly as they do.",
    rule=f"In at least {LEAST_SHARE:.0%} of the networks (n = 5, m = 2, density {DENSITY:g}) the loss stands still "
    f"within {STILL:.0%} over a tenth of the training and falls by {FALL:.0%} or more over the next, while more "
    f"features become represented and their mean dimensionality goes from {LEVELS['before'][0]:g} +- "
    f"{LEVELS['before'][1]:g} to {LEVELS['after'][0]:g} +- {LEVELS['after'][1]:g}.",
    worlds=lambda fixed, trials: cells([DENSITY], seeds=trials),
    train=_train,
    measure=_measure,
    judge=_judge,
    table=_table,
    panels=_panels,
)
