"""One more feature than there are dimensions: left out, given a dimension, or in superposition."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.figures import Levels, MapFacet, Panel, heat_map
from analysis.metrics import superposition
from analysis.theory import toy_model_phases
from analysis.theory.toy_model_phases import Phase
from bench.studies.toy_superposition.experiment import Experiment, Judgement, best, cells, config, train_relu
from bench.studies.toy_superposition.parameters import Fixed
from toymodels.latents import bernoulli_uniform
from toymodels.networks import relu_bottleneck

PHASES: tuple[Phase, ...] = ("not represented", "dedicated dimension", "in superposition")
LEAST_AGREEMENT = 0.9
REPRESENTED = 0.25
"""Squared norm of a represented feature: less than 1/2, since features that share a dimension in full shrink."""
SHARED = 0.25
"""How strongly others project on the last feature's direction where it is in superposition."""


def _experiment(name: str, section: str, n_latents: int, shows: str) -> Experiment:
    n_dims = n_latents - 1

    def importance(values: dict) -> jax.Array:
        last = values["importance"]
        return jnp.ones(n_latents, last.dtype).at[-1].set(last)

    def worlds(fixed: Fixed, trials: int) -> Any:
        levels = fixed.phase_levels
        # An even number of importances leaves out 1, where phases are equal by symmetry.
        importances = np.geomspace(0.1, 10, levels + levels % 2)
        return cells(np.geomspace(0.01, 1, levels), importances, seeds=fixed.phase_seeds)

    def train(key: jax.Array, fixed: Fixed, values: dict) -> Any:
        return train_relu(
            key,
            config(fixed, fixed.phase_steps),
            n_latents=n_latents,
            n_dims=n_dims,
            importance=importance(values),
            density=values["density"],
        )

    def measure(key: jax.Array, fixed: Fixed, params: Any, values: dict) -> dict[str, Any]:
        # The same many samples for every seed: sparse networks differ only where two features meet, which is rare.
        latents = bernoulli_uniform(
            jax.random.key(0), n_samples=16 * fixed.n_eval, n_latents=n_latents, density=values["density"]
        )
        held = jnp.sum(params.weights[:, -1] ** 2)
        shared = superposition(params.weights)[-1]
        return {
            # The sum over features, as theory has it.
            "loss": n_latents * relu_bottleneck.loss(params, latents, None, importance(values)),
            "norm": jnp.sqrt(held),
            "superposition": shared,
            "phase": jnp.where(held < REPRESENTED, 0, jnp.where(shared < SHARED, 1, 2)).astype(jnp.int32),
        }

    def table(rows: pd.DataFrame, fixed: Fixed) -> pd.DataFrame:
        """Per cell: the phase of the network of least loss, and theory's."""
        chosen = best(rows, ["density", "importance"])
        theory = [
            toy_model_phases(float(d), float(r), n_latents=n_latents)
            for d, r in zip(chosen["density"], chosen["importance"], strict=True)
        ]
        return pd.DataFrame(
            {
                "density": chosen["density"],
                "importance": chosen["importance"],
                "measured": [PHASES[int(phase)] for phase in chosen["phase"]],
                "theory": [one.phase for one in theory],
                "loss": chosen["loss"],
                "loss_not_represented": [one.not_represented for one in theory],
                "loss_dedicated": [one.dedicated for one in theory],
                "loss_superposed": [one.superposed for one in theory],
                "norm": chosen["norm"],
                "superposition": chosen["superposition"],
            }
        )

    def judge(rows: pd.DataFrame, fixed: Fixed) -> Judgement:
        both = table(rows, fixed)
        agree = both["measured"] == both["theory"]
        text = f"measured and theory agree in {agree.sum()} of {len(both)} cells ({agree.mean():.0%})"
        counts = ", ".join(f"{phase} {int((both['measured'] == phase).sum())}" for phase in PHASES)
        everything = both["measured"].nunique() == len(PHASES)
        return Judgement(bool(agree.mean() >= LEAST_AGREEMENT and everything), f"{text}; measured: {counts}")

    def panels(rows: pd.DataFrame, fixed: Fixed) -> list[Panel]:
        both = table(rows, fixed)
        x = Levels("relative importance of the last feature", np.sort(both["importance"].unique()), log=True)
        y = Levels("density", np.sort(both["density"].unique()), log=True)
        facets = []
        wrong = _grid(both, both["measured"] != both["theory"]).astype(bool)
        for column in ("measured", "theory"):
            codes = _grid(both, both[column].map(PHASES.index))
            tips = [
                [
                    f"density {d:.3g}, importance {r:.3g}: {column} {PHASES[int(code)]}"
                    for r, code in zip(x.values, line, strict=True)
                ]
                for d, line in zip(y.values, codes, strict=True)
            ]
            outlined = wrong if column == "measured" else None
            facets.append(MapFacet("", codes.astype(float), tips=tips, outlined=outlined))
        return [
            heat_map(
                [facets],
                x=x,
                y=y,
                value_label="0 not represented, 1 dedicated, 2 superposed",
                limits=(0.0, 2.0),
                name=name,
                title=f"Phases of the last of {n_latents} features in {n_dims} dimension{'s' * (n_dims > 1)}",
                caption="Left: the network of least loss of each cell's seeds. Right: the configuration of least "
                "expected loss, minimised over its free scalars. Outlined: the two differ.",
                alt=f"Two maps over importance and density: {shows}",
                column_titles=["measured", "theory"],
                outlined_label="theory says otherwise",
            )
        ]

    return Experiment(
        name=name,
        section=section,
        paper=shows,
        rule=f"The network of least loss is in theory's phase in at least {LEAST_AGREEMENT:.0%} of the cells, and all "
        f"three phases occur. Not represented: |W|^2 < {REPRESENTED:g}; in superposition: others project on its "
        f"direction by {SHARED:g} or more; else a dedicated dimension.",
        worlds=worlds,
        train=train,
        measure=measure,
        judge=judge,
        table=table,
        panels=panels,
    )


def _grid(cells: pd.DataFrame, values: pd.Series) -> np.ndarray:
    """One value per cell, a row per density and a column per importance."""
    return cells.assign(value=values).pivot(index="density", columns="importance", values="value").to_numpy()


ONE_DIM = _experiment(
    "phase-one-dim",
    "Superposition as a phase change: n = 2, m = 1",
    2,
    "unimportant and dense features are not represented, important and dense ones take the dimension, sparse ones are "
    "in superposition.",
)
TWO_DIMS = _experiment(
    "phase-two-dims",
    "Superposition as a phase change: n = 3, m = 2",
    3,
    "unimportant and dense features are not represented, less important and sparse ones are in superposition, the most "
    "important one has a dimension of its own.",
)
