"""The end-to-end study: a small run with networks that were hardly trained, and tables that are plain arithmetic."""

import numpy as np
import pandas as pd
import pytest

from bench.errors import UserError
from bench.evaluate import evaluate_chunk
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.end_to_end import tables
from bench.studies.end_to_end.parameters import settings_of
from bench.study import Results

STUDY = get_study("end-to-end")

SMALL = [
    *("n_latents=6", "n_dims=5", "density=0.15", "n_classes=12", "n_samples=500", "n_hidden=8", "n_steps=3"),
    *("batch_size=8", "n_eval=300", "n_permutations=2", "trials=2", "objective=regression"),
    "methods=linear-known,network-blind",
]


@pytest.fixture(scope="module")
def run():
    spec = load_spec(STUDY, settings=SMALL)
    rows = [evaluate_chunk(spec, chunk).rows.to_pandas() for chunk in plan(STUDY, spec)]
    return Results(pd.concat(rows, ignore_index=True), spec, pd.DataFrame())


def test_a_linear_world_is_read_and_an_untrained_network_is_not(run):
    scores = tables.scored(run.rows).set_index("method")["corrected"]
    # At most one or two of six latents in five dimensions: the lasso has little to lose but its bias.
    assert scores["linear-known"].min() > 0.8
    assert scores["network-blind"].max() < scores["linear-known"].min()


def test_losses_are_differences_within_networks():
    scores = {"linear-known": [0.9, 1.0], "network-estimated": [0.5, 0.8], "network-blind": [0.4, 0.3]}
    cell = {"objective": "regression", "n_dims": 5, "density": 0.1}
    rows = pd.DataFrame(
        {**cell, "method": method, "trial": trial, "loss": 1.0, "mcc": 0.2 + 0.8 * score, "mcc_chance": 0.2}
        for method, values in scores.items()
        for trial, score in enumerate(values)
    )
    lost = tables.loss_table(rows)
    assert list(lost["step"]) == list(tables.STEPS)
    assert list(lost["lost"]) == pytest.approx([0.05, 0.3, 0.3])
    # Differences .1 and .5 of two networks: mean .3, standard error .2, and Student's t of one degree 12.706.
    assert lost["high"].iloc[2] - lost["lost"].iloc[2] == pytest.approx(12.706 * 0.2, rel=1e-3)
    assert list(tables.stage_table(rows)["stage"]) == list(scores)
    without = tables.loss_table(rows[rows["method"] != "linear-known"])
    assert list(without["step"]) == ["the map is unknown"]


def test_report(run):
    content = STUDY.report(run)
    assert [panel.name for panel in content.panels] == ["stages"]
    assert len(content.sentences) == 1
    assert content.sentences[0].startswith("regression, M = 5, density 0.15: chance-corrected MCC linear-known")
    diverged = Results(run.rows.assign(loss=np.nan), run.spec, run.timings)
    assert len(STUDY.report(diverged).failures) == 2


def test_settings_are_those_of_sparse_latents_and_a_narrow_network():
    fixed = load_spec(STUDY, settings=SMALL).fixed
    settings = settings_of(fixed, 5, 0.15)
    assert (settings["n_dims"], settings["density"], settings["depth"]) == (5, 0.15, fixed.depth)
    assert settings["n_folded"] == 0
    with pytest.raises(UserError, match="n_dims 6 must be below n_latents 6"):
        load_spec(STUDY, settings=[*SMALL, "n_dims=6"])
