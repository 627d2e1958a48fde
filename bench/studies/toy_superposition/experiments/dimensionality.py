"""Dimensions per feature of a large uniform model stick at 1 and 1/2."""

from typing import Any

import jax
import numpy as np
import pandas as pd

from analysis.figures import Curve, Panel, Series, SeriesFacet, cut_plot
from analysis.metrics import dimensions_per_feature, represented_fraction
from bench.studies.toy_superposition.experiment import Experiment, Judgement, cells, config, train_relu
from bench.studies.toy_superposition.parameters import Fixed
from toymodels.latents import bernoulli_uniform
from toymodels.networks import relu_bottleneck

N, M = 400, 30
INVERSE_DENSITIES = (1.0, 1.3, 1.6, 2.2, 2.6, 3.0, 3.25, 3.5, 4.8, 7.8, 12.5, 20.0)
PLATEAUS = ((1.0, 1.0, 1.6), (0.5, 3.0, 3.5))
TOLERANCE = 0.03


def _train(key: jax.Array, fixed: Fixed, values: dict) -> Any:
    training = config(fixed, fixed.dimensionality_steps)
    return train_relu(key, training, n_latents=N, n_dims=M, density=values["density"])


def _measure(key: jax.Array, fixed: Fixed, params: Any, values: dict) -> dict[str, Any]:
    latents = bernoulli_uniform(key, n_samples=fixed.n_eval, n_latents=N, density=values["density"])
    return {
        "loss": relu_bottleneck.loss(params, latents),
        "dimensions_per_feature": dimensions_per_feature(params.weights),
        "represented_fraction": represented_fraction(params.weights),
    }


def _table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """Per density: D*, its least and largest over the seeds, and the share of represented features."""
    groups = rows.groupby("density")["dimensions_per_feature"]
    table = groups.agg(dimensions_per_feature="mean", low="min", high="max", n_networks="size").reset_index()
    table["represented_fraction"] = rows.groupby("density")["represented_fraction"].mean().to_numpy()
    table.insert(0, "inverse_density", 1 / table["density"])
    return table.sort_values("inverse_density", ignore_index=True)


def _judge(rows: pd.DataFrame, fixed: Fixed) -> Judgement:
    table = _table(rows, fixed)
    texts, passed = [], True
    for plateau, low, high in PLATEAUS:
        # The densities are reciprocals: 1 / (1 / 3) may miss 3 by rounding.
        here = table[(table["inverse_density"] > low - 1e-6) & (table["inverse_density"] < high + 1e-6)]
        off = np.abs(here["dimensions_per_feature"] - plateau).max()
        passed &= bool(off <= TOLERANCE)
        texts.append(f"D* within {off:.3f} of {plateau:g} on 1/density {low:g}-{high:g}")
    return Judgement(passed, "; ".join(texts))


def _panels(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    table = _table(rows, fixed)
    tips = [
        f"1/density {row.inverse_density:.3g}: D* = {row.dimensions_per_feature:.3f}, "
        f"{row.represented_fraction:.0%} of the features represented"
        for row in table.itertuples()
    ]
    x = table["inverse_density"].to_numpy()
    series = Series(
        "D* = m / |W|²", x, table["dimensions_per_feature"].to_numpy(), table["low"].to_numpy(),
        table["high"].to_numpy(), tips=tips,
    )  # fmt: skip
    ends = np.array([x.min(), x.max()])
    lines = [Curve("1 and 1/2", ends, np.full(2, level), kind="chance") for level in (1.0, 0.5)]
    return [
        cut_plot(
            [SeriesFacet("", [series], lines)],
            name="dimensionality",
            title="Dimensions per feature, n = 400, m = 30",
            caption="Dimensions per feature against 1/density, uniform importance. Band: least and largest of the "
            "seeds.",
            alt="D* stays near 1 while features are dense, falls to 1/2 and stays there, and then falls further.",
            x_label="1 / density",
            y_label="dimensions per feature D*",
            x_log=True,
        )
    ]


EXPERIMENT = Experiment(
    name="dimensionality",
    section="The geometry of superposition: n = 400, m = 30, uniform importance",
    paper="Dimensions per feature m / |W|^2 stick at 1 while features are dense and at 1/2 (antipodal pairs) over a "
    "range of sparsities, and fall on from there.",
    rule=f"D* stays within {TOLERANCE:g} of 1 at all 1/density from 1 to 1.6, and within {TOLERANCE:g} of 1/2 from 3 "
    "to 3.5.",
    worlds=lambda fixed, trials: cells([1 / x for x in INVERSE_DENSITIES], seeds=fixed.dimensionality_seeds),
    train=_train,
    measure=_measure,
    judge=_judge,
    table=_table,
    panels=_panels,
)
