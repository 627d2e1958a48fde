"""Five features in the plane: two orthogonal ones, antipodal pairs, then a pentagon, as features become sparser."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.figures import Panel, Series, SeriesFacet, cut_plot, polytope_plot
from analysis.metrics import Polytope, classify_polytope
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
from toymodels.networks import relu_bottleneck

N, M = 5, 2
DENSITIES = (1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03)
IMPORTANCE = 0.9 ** np.arange(N)


def _train(key: jax.Array, fixed: Fixed, values: dict) -> Any:
    importance = jnp.asarray(IMPORTANCE, values["density"].dtype)
    training = config(fixed, fixed.polytope_steps)
    return train_relu(key, training, n_latents=N, n_dims=M, importance=importance, density=values["density"])


def _measure(key: jax.Array, fixed: Fixed, params: Any, values: dict) -> dict[str, Any]:
    latents = bernoulli_uniform(key, n_samples=fixed.n_eval, n_latents=N, density=values["density"])
    importance = jnp.asarray(IMPORTANCE, latents.dtype)
    return {
        "loss": relu_bottleneck.loss(params, latents, None, importance),
        "polytope": classify_polytope(params.weights),
        **weight_columns(params.weights),
    }


def _table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
    """Per density: the polytope of the network of least loss, and the share of networks in each."""
    chosen = best(rows, ["density"]).set_index("density")
    shares = rows.groupby("density")["polytope"].value_counts(normalize=True).unstack(fill_value=0)
    table = pd.DataFrame({"density": chosen.index, "best_loss": chosen["loss"].to_numpy()})
    table["best"] = [_name(kind) for kind in chosen["polytope"]]
    for kind in Polytope:
        table[f"share_{kind.name.lower()}"] = shares[kind].to_numpy() if kind in shares else 0.0
    table["n_networks"] = rows.groupby("density").size().to_numpy()
    return table.sort_values("density", ascending=False, ignore_index=True)


def _judge(rows: pd.DataFrame, fixed: Fixed) -> Judgement:
    found = best(rows, ["density"]).sort_values("density", ascending=False)
    kinds = found["polytope"].to_numpy()
    between = found["density"].to_numpy()[kinds == Polytope.ANTIPODAL_PAIRS]
    passed = kinds[0] == Polytope.ORTHOGONAL_PAIR and kinds[-1] == Polytope.PENTAGON and between.size > 0
    stages = [f"density {d:g}: {_name(kind)}" for d, kind in zip(found["density"], kinds, strict=True)]
    return Judgement(bool(passed), "; ".join(stages))


def _name(kind: int) -> str:
    return Polytope(int(kind)).name.lower().replace("_", " ")


def _panels(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
    chosen = best(rows, ["density"]).sort_values("density", ascending=False)
    pictures = {
        f"density {row['density']:g}\n{_name(row['polytope'])}": weights_of(row, M, N) for _, row in chosen.iterrows()
    }
    shares = _table(rows, fixed).sort_values("density")
    density = shares["density"].to_numpy()
    lines = []
    for kind in Polytope:
        share = shares[f"share_{kind.name.lower()}"].to_numpy(float)
        tips = [f"density {d:g}: {v:.0%} {_name(kind)}" for d, v in zip(density, share, strict=True)]
        lines.append(Series(_name(kind), density, share, tips=tips))
    return [
        polytope_plot(
            pictures,
            name="polytopes",
            title="Five features in two dimensions",
            caption="Directions W_i of the network of least loss at each density, importance 0.9^i: darker is more "
            "important.",
            alt="Arrows in the plane: " + "; ".join(label.replace("\n", ", ") for label in pictures) + ".",
        ),
        cut_plot(
            [SeriesFacet("", lines)],
            name="polytope-shares",
            title="How often each arrangement is found",
            caption="Share of the seeds in each arrangement, by density.",
            alt="Shares over density: orthogonal pairs when dense, antipodal pairs between, pentagons when sparse.",
            x_label="density",
            y_label="share of networks",
            x_log=True,
            y_limits=(-0.03, 1.03),
        ),
    ]


EXPERIMENT = Experiment(
    name="polytopes",
    section="Introduction: n = 5, m = 2 (importance 0.9^i)",
    paper="Dense features: the two most important, orthogonal. Sparser: antipodal pairs. Sparser still: a pentagon.",
    rule="Of all seeds the network of least loss is an orthogonal pair at the largest density, antipodal pairs at some "
    "density between, and a pentagon at the smallest; angles within 15 degrees, represented means |W_i|^2 > 1/2.",
    worlds=lambda fixed, trials: cells(DENSITIES, seeds=trials),
    train=_train,
    measure=_measure,
    judge=_judge,
    table=_table,
    panels=_panels,
)
