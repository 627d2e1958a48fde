"""Twenty features in five dimensions: what a ReLU and a negative bias make possible that a linear model cannot do."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.figures import Panel, Series, SeriesFacet, cut_plot, gram_plot
from analysis.metrics import represented, superposition
from bench.studies.toy_superposition.experiment import (
    Experiment,
    Judgement,
    best,
    cells,
    config,
    train_relu,
    weight_columns,
    weights_of,
)
from bench.studies.toy_superposition.parameters import Fixed
from toymodels.latents import bernoulli_uniform
from toymodels.networks import linear_bottleneck, relu_bottleneck
from toymodels.training import train

N, M = 20, 5
DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01)
SEEDS = 2
IMPORTANCE = 0.7 ** np.arange(N)


def _importance(values: dict) -> jax.Array:
    return jnp.asarray(IMPORTANCE, values["density"].dtype)


def _train(key: jax.Array, fixed: Fixed, values: dict) -> Any:
    """The ReLU model and the linear one, on latents of the same distribution."""
    training, importance = config(fixed, fixed.bias_steps), _importance(values)
    relu_key, init_key, linear_key = jax.random.split(key, 3)
    relu = train_relu(relu_key, training, n_latents=N, n_dims=M, importance=importance, density=values["density"])

    def loss(params: Any, key: jax.Array) -> jax.Array:
        latents = bernoulli_uniform(key, n_samples=training.batch_size, n_latents=N, density=values["density"])
        return linear_bottleneck.loss(params, latents, None, importance)

    linear, _ = train(linear_key, linear_bottleneck.init(init_key, n_dims=M, n_latents=N), loss, training)
    return relu, linear


def _measure(key: jax.Array, fixed: Fixed, trained: Any, values: dict) -> dict[str, Any]:
    relu, linear = trained
    bias: jax.Array = relu.bias
    latents = bernoulli_uniform(key, n_samples=fixed.n_eval, n_latents=N, density=values["density"])
    held = represented(relu.weights)
    some = jnp.maximum(jnp.sum(held), 1)
    return {
        "loss": relu_bottleneck.loss(relu, latents, None, _importance(values)),
        "linear_loss": linear_bottleneck.loss(linear, latents, None, _importance(values)),
        "n_represented": jnp.sum(held, dtype=jnp.int32),
        "n_represented_linear": jnp.sum(represented(linear.weights), dtype=jnp.int32),
        "bias_represented": jnp.sum(jnp.where(held, bias, 0)) / some,
        "interference": jnp.sum(jnp.where(held, superposition(relu.weights), 0)) / some,
        **weight_columns(relu.weights),
    }


def _table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """Per density, of the network of least loss: represented features, their mean bias and interference."""
    columns = [
        "density", "loss", "linear_loss", "n_represented", "n_represented_linear", "bias_represented", "interference",
    ]  # fmt: skip
    return best(rows, ["density"])[columns].sort_values("density", ascending=False, ignore_index=True)


def _judge(rows: pd.DataFrame, fixed: Fixed) -> Judgement:
    table = _table(rows, fixed)
    dense, sparse = table.iloc[0], table.iloc[-1]
    linear = bool((table["n_represented_linear"] == M).all())
    passed = (
        linear
        and dense["n_represented"] == M
        and sparse["n_represented"] > M
        and sparse["bias_represented"] < 0 < sparse["interference"]
        and (table["loss"] <= table["linear_loss"] * 1.05).all()
    )

    def listed(column: str) -> str:
        return ", ".join(f"{value:g}" for value in table[column])

    return Judgement(
        bool(passed),
        f"the linear model represents {listed('n_represented_linear')} features, the ReLU model "
        f"{listed('n_represented')} at densities {listed('density')}; mean bias of the represented "
        f"{sparse['bias_represented']:+.3f} and interference {sparse['interference']:.2f} at the sparsest, "
        f"{dense['bias_represented']:+.3f} and {dense['interference']:.2f} at the densest",
    )


def _panels(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    chosen = best(rows, ["density"]).sort_values("density", ascending=False)
    grams = {f"density {row['density']:g}": weights_of(row, M, N) for _, row in chosen.iloc[::2].iterrows()}
    table = _table(rows, fixed).sort_values("density")
    x = table["density"].to_numpy()

    def series(label: str, column: str) -> Series:
        values = table[column].to_numpy(float)
        return Series(
            label, x, values, tips=[f"density {d:g}: {label} {v:.3g}" for d, v in zip(x, values, strict=True)]
        )

    return [
        gram_plot(
            grams,
            name="bias-gram",
            title="Twenty features in five dimensions",
            caption="|W^T W| of the ReLU model, importance 0.7^i: the diagonal holds represented features, the rest "
            "their interference.",
            alt="Gram matrices: five entries on the diagonal when dense; more entries and interference when sparse.",
        ),
        cut_plot(
            [
                SeriesFacet(
                    "represented features",
                    [series("ReLU model", "n_represented"), series("linear model", "n_represented_linear")],
                )
            ],
            name="bias-represented",
            title="Features represented by the ReLU and the linear model",
            caption="Features with |W_i|² > 1/2 of the network of least loss.",
            alt="The linear model represents five features at every density, the ReLU model more as density falls.",
            x_label="density",
            y_label="represented features",
            x_log=True,
        ),
    ]


EXPERIMENT = Experiment(
    name="bias",
    section="Demonstrating superposition: n = 20, m = 5 (importance 0.7^i)",
    paper="A linear model represents the top m features orthogonally at every sparsity, a ReLU model does when dense; "
    "when sparse, the ReLU model represents more, with interference that negative biases remove.",
    rule="The linear model represents exactly m features at every density and so does the ReLU model at the largest; "
    "at the smallest the ReLU model represents more, with positive interference and a negative mean bias; its loss is "
    "nowhere more than 5% above the linear model's.",
    worlds=lambda fixed, trials: cells(DENSITIES, seeds=SEEDS),
    train=_train,
    measure=_measure,
    judge=_judge,
    table=_table,
    panels=_panels,
)
