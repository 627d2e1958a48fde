"""Features that come together stand side by side or at right angles; features that exclude each other are opposed."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.figures import Panel, polytope_plot
from analysis.metrics import represented
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
from toymodels.latents import anticorrelated_blocks, correlated_blocks
from toymodels.networks import relu_bottleneck

N, M = 4, 2
DENSITIES = (0.05, 0.1, 0.2)
PRIORS = {"correlated": correlated_blocks, "anticorrelated": anticorrelated_blocks}


def _draw(kind: str, key: jax.Array, n_samples: int, density: jax.Array) -> jax.Array:
    return PRIORS[kind](key, n_samples=n_samples, n_latents=N, block_size=2, density=density)


def _train(key: jax.Array, fixed: Fixed, values: dict) -> Any:
    training = config(fixed, fixed.correlation_steps)
    return {
        kind: train_relu(
            jax.random.fold_in(key, place),
            training,
            n_latents=N,
            n_dims=M,
            latents=lambda key, kind=kind: _draw(kind, key, training.batch_size, values["density"]),
        )
        for place, kind in enumerate(PRIORS)
    }


def _measure(key: jax.Array, fixed: Fixed, trained: Any, values: dict) -> dict[str, Any]:
    scalars: dict[str, Any] = {}
    for kind, params in trained.items():
        latents = _draw(kind, key, fixed.n_eval, values["density"])
        unit = params.weights / jnp.linalg.norm(params.weights, axis=0, keepdims=True)
        within = jnp.sum(unit[:, ::2] * unit[:, 1::2], axis=0)
        scalars |= {
            f"loss_{kind}": relu_bottleneck.loss(params, latents),
            f"represented_{kind}": jnp.sum(represented(params.weights), dtype=jnp.int32),
            f"least_cosine_{kind}": jnp.min(within),
            f"largest_cosine_{kind}": jnp.max(within),
            **{f"{kind}_{name}": value for name, value in weight_columns(params.weights).items()},
        }
    return {"loss": scalars["loss_correlated"] + scalars["loss_anticorrelated"], **scalars}


def _as_expected(rows: pd.DataFrame) -> pd.DataFrame:
    """Which networks have correlated pairs that are not opposed, and anti-correlated pairs that are."""
    return rows.assign(
        together=(rows["least_cosine_correlated"] > -0.2) & (rows["represented_correlated"] == N),
        opposed=(rows["largest_cosine_anticorrelated"] < -0.9) & (rows["represented_anticorrelated"] == N),
    )


def _table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """Per density: shares of the networks as expected, and the mean extreme cosines within pairs."""
    groups = _as_expected(rows).groupby("density")
    return groups.agg(
        share_correlated_not_opposed=("together", "mean"),
        share_anticorrelated_opposed=("opposed", "mean"),
        least_cosine_correlated=("least_cosine_correlated", "mean"),
        largest_cosine_anticorrelated=("largest_cosine_anticorrelated", "mean"),
        n_networks=("together", "size"),
    ).reset_index()


def _judge(rows: pd.DataFrame, fixed: Fixed) -> Judgement:
    marked = _as_expected(rows)
    together, opposed = (
        best(marked.assign(loss=marked[f"loss_{kind}"]), ["density"])[column]
        for kind, column in (("correlated", "together"), ("anticorrelated", "opposed"))
    )
    return Judgement(
        bool(together.all() and opposed.all()),
        f"no correlated pair is opposed at {together.sum()} of {len(together)} densities "
        f"({marked['together'].mean():.0%} of all networks), and every anti-correlated pair is antipodal at "
        f"{opposed.sum()} of {len(opposed)} ({marked['opposed'].mean():.0%} of all)",
    )


def _panels(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    pictures: dict[str, np.ndarray] = {}
    for kind in PRIORS:
        chosen = best(rows.assign(loss=rows[f"loss_{kind}"]), ["density"])
        for _, row in chosen.iterrows():
            named = row.rename(lambda name, kind=kind: str(name).removeprefix(f"{kind}_"))
            pictures[f"{kind}\ndensity {row['density']:g}"] = weights_of(named, M, N)
    return [
        polytope_plot(
            pictures,
            name="correlation",
            title="Correlated and anti-correlated pairs in two dimensions",
            caption="Directions of two pairs of features (the two dark ones, and the two light ones); the network of "
            "least loss at each density.",
            alt="Correlated pairs stand at right angles or closer; anti-correlated pairs point in opposite directions.",
        )
    ]


EXPERIMENT = Experiment(
    name="correlation",
    section="Correlated and anticorrelated features",
    paper="Correlated features are put at right angles, or side by side where there is no room; anti-correlated ones "
    "into antipodal pairs.",
    rule="Of all seeds the network of least loss represents every feature, and at every density has no correlated pair "
    "with a cosine below -0.2, and only anti-correlated pairs with one below -0.9.",
    worlds=lambda fixed, trials: cells(DENSITIES, seeds=trials),
    train=_train,
    measure=_measure,
    judge=_judge,
    table=_table,
    panels=_panels,
)
