"""Absolute values of a hundred features by forty neurons: computation in superposition."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.figures import Panel, Series, SeriesFacet, cut_plot
from bench.studies.toy_superposition.experiment import Experiment, Judgement, cells, config
from bench.studies.toy_superposition.parameters import Fixed
from toymodels.latents import bernoulli_uniform
from toymodels.networks import absolute_value
from toymodels.training import train

N, M = 100, 40
DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01)
IMPORTANCE = 0.8 ** np.arange(N)
MONOSEMANTIC = 0.9


def _draw(key: jax.Array, n_samples: int, density: jax.Array) -> jax.Array:
    return absolute_value.signed_uniform(bernoulli_uniform(key, n_samples=n_samples, n_latents=N, density=density))


def _train(key: jax.Array, fixed: Fixed, values: dict) -> Any:
    init_key, training_key = jax.random.split(key)
    training = config(fixed, fixed.absolute_value_steps)

    def loss(params: Any, key: jax.Array) -> jax.Array:
        importance = jnp.asarray(IMPORTANCE, values["density"].dtype)
        return absolute_value.loss(params, _draw(key, training.batch_size, values["density"]), importance)

    return train(training_key, absolute_value.init(init_key, n_dims=M, n_latents=N), loss, training)[0]


def _measure(key: jax.Array, fixed: Fixed, params: Any, values: dict) -> dict[str, Any]:
    latents = _draw(key, fixed.n_eval, values["density"])
    truth = jnp.abs(latents)
    output = jax.nn.relu(absolute_value.neurons(params, latents) @ params.outward.T + params.bias[None, :])
    # What a feature costs, beside answering with its mean.
    error = jnp.mean((truth - output) ** 2, axis=0) / jnp.maximum(jnp.var(truth, axis=0), 1e-12)
    power = params.inward**2
    total = jnp.sum(power, axis=1)
    used = total > 0.1 * jnp.mean(total)
    mono = used & (jnp.max(power, axis=1) >= MONOSEMANTIC * total)
    return {
        "loss": absolute_value.loss(params, latents, jnp.asarray(IMPORTANCE, latents.dtype)),
        "n_computed": jnp.sum(error < 0.5, dtype=jnp.int32),
        "n_neurons_used": jnp.sum(used, dtype=jnp.int32),
        "monosemantic_share": jnp.sum(mono) / jnp.maximum(jnp.sum(used), 1),
    }


def _table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """Per density: features computed, neurons in use, and the share of those that serve one feature."""
    columns = ["density", "loss", "n_computed", "n_neurons_used", "monosemantic_share"]
    return rows[columns].sort_values("density", ascending=False, ignore_index=True)


def _judge(rows: pd.DataFrame, fixed: Fixed) -> Judgement:
    table = _table(rows, fixed)
    dense, sparse = table.iloc[0], table.iloc[-1]
    passed = (
        dense["n_computed"] <= M / 2 < sparse["n_computed"]
        and dense["monosemantic_share"] >= 0.8
        and sparse["monosemantic_share"] <= 0.5
    )
    steps = ", ".join(
        f"{row.n_computed} computed and {row.monosemantic_share:.0%} monosemantic at density {row.density:g}"
        for row in table.itertuples()
    )
    return Judgement(bool(passed), steps)


def _panels(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    table = _table(rows, fixed).sort_values("density")
    x = table["density"].to_numpy()
    facets = []
    for title, column, scale in (
        ("features computed / (m / 2)", "n_computed", 2 / M),
        ("monosemantic neurons (share)", "monosemantic_share", 1.0),
    ):
        y = table[column].to_numpy(float) * scale
        tips = [f"density {d:g}: {title} {v:.3g}" for d, v in zip(x, y, strict=True)]
        facets.append(SeriesFacet(title, [Series("absolute-value network", x, y, tips=tips)]))
    return [
        cut_plot(
            facets,
            name="absolute-value",
            title="Absolute values, n = 100 features, m = 40 neurons",
            caption="Left: features whose absolute value is computed (less than half of the error of answering with "
            f"the mean), relative to one for two neurons. Right: share of the neurons in use that have at least "
            f"{MONOSEMANTIC:.0%} of their squared input weight on one feature.",
            alt="As density falls more absolute values are computed and neurons come to serve several features.",
            x_label="density",
            y_label="value",
            x_log=True,
        )
    ]


EXPERIMENT = Experiment(
    name="absolute-value",
    section="Superposition in a privileged basis: computing |x|, n = 100, m = 40 (importance 0.8^i)",
    paper="When dense, neurons serve one feature each; as features become sparser neurons become polysemantic, and "
    "more absolute values are computed than there are neuron pairs.",
    rule="At the largest density at most m / 2 features are computed, by neurons of which at least 80% are "
    "monosemantic; at the smallest more than m / 2 are, and at most 50% are.",
    worlds=lambda fixed, trials: cells(DENSITIES, seeds=1),
    train=_train,
    measure=_measure,
    judge=_judge,
    table=_table,
    panels=_panels,
)
