"""Networks with more features per dimension are easier to attack."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.figures import Panel, Series, SeriesFacet, cut_plot
from analysis.metrics import dimensions_per_feature
from bench.studies.toy_superposition.experiment import Experiment, Judgement, cells, config, train_relu
from bench.studies.toy_superposition.parameters import Fixed
from toymodels.latents import bernoulli_uniform
from toymodels.networks import l2_attack, relu_bottleneck
from toymodels.networks.attack import sample_errors

N, M = 100, 10
LEAST_CORRELATION = 0.9
LEAST_FACTOR = 2.0


def _train(key: jax.Array, fixed: Fixed, values: dict) -> Any:
    training = config(fixed, fixed.adversarial_steps)
    return train_relu(key, training, n_latents=N, n_dims=M, density=values["density"])


def _measure(key: jax.Array, fixed: Fixed, params: Any, values: dict) -> dict[str, Any]:
    latents_key, attack_key = jax.random.split(key)
    latents = bernoulli_uniform(latents_key, n_samples=min(fixed.n_eval, 512), n_latents=N, density=values["density"])
    perturbation = l2_attack(attack_key, params, latents, radius=fixed.attack_radius)
    clean = sample_errors(params, latents, jnp.zeros_like(latents))
    attacked = sample_errors(params, latents, perturbation)
    return {
        "loss": relu_bottleneck.loss(params, latents),
        "features_per_dimension": 1 / dimensions_per_feature(params.weights),
        "harm": jnp.mean(attacked - clean),
    }


def _table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """Per density: features per dimension, the attack's harm, and it relative to the dense network's."""
    table = rows[["density", "loss", "features_per_dimension", "harm"]].sort_values("density", ascending=False)
    return table.assign(vulnerability=table["harm"] / table["harm"].iloc[0]).reset_index(drop=True)


def _judge(rows: pd.DataFrame, fixed: Fixed) -> Judgement:
    table = _table(rows, fixed)
    correlation = float(np.corrcoef(table["features_per_dimension"], table["vulnerability"])[0, 1])
    ranks = table[["features_per_dimension", "vulnerability"]].rank().to_numpy()
    rank = float(np.corrcoef(ranks.T)[0, 1])
    factor = table["vulnerability"].max()
    return Judgement(
        bool(rank >= LEAST_CORRELATION and factor >= LEAST_FACTOR),
        f"vulnerability and features per dimension have rank correlation {rank:.2f} (linear {correlation:.2f}); the "
        f"most vulnerable network is {factor:.1f} times as vulnerable as the dense one",
    )


def _panels(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    table = _table(rows, fixed)
    facets = []
    x = (1 / table["density"]).to_numpy()
    for title, column in (("features per dimension", "features_per_dimension"), ("vulnerability", "vulnerability")):
        y = table[column].to_numpy()
        tips = [f"1/density {d:.3g}: {title} {v:.3g}" for d, v in zip(x, y, strict=True)]
        facets.append(SeriesFacet(title, [Series("n = 100, m = 10", x, y, tips=tips)]))
    return [
        cut_plot(
            facets,
            name="adversarial",
            title="Adversarial vulnerability and features per dimension",
            caption=f"Vulnerability: growth of the squared error under the worst input perturbation found of length "
            f"{fixed.attack_radius:g}, relative to the dense network.",
            alt="Both features per dimension and vulnerability grow with 1/density.",
            x_label="1 / density",
            y_label="value",
            x_log=True,
        )
    ]


EXPERIMENT = Experiment(
    name="adversarial",
    section="Superposition and adversarial robustness",
    paper="Vulnerability to L2 attacks, relative to a model without superposition, grows with sparsity and follows the "
    "number of features per dimension, to more than three times.",
    rule=f"Over the densities, vulnerability and features per dimension have a rank correlation of at least "
    f"{LEAST_CORRELATION:g}, and the most vulnerable network is at least {LEAST_FACTOR:g} times as vulnerable as the "
    "dense one.",
    worlds=lambda fixed, trials: cells(np.geomspace(1, 0.02, fixed.adversarial_levels), seeds=1),
    train=_train,
    measure=_measure,
    judge=_judge,
    table=_table,
    panels=_panels,
)
