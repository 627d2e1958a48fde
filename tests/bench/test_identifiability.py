"""The identifiability study: its plan, what each broken assumption does to a world, its tables, and a small run."""

import jax
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.errors import UserError
from bench.evaluate import evaluate_chunk
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.identifiability import tables, worlds
from bench.studies.identifiability.parameters import ASSUMPTIONS, OBJECTIVES, base_point, numbers
from bench.studies.identifiability.report import report
from bench.study import Results
from toymodels.counter_key import counter_key

STUDY = get_study("identifiability")

N = 4
SMALL = [
    *(f"{name}={N}" for name in ("n_latents", "base_n_latents")),
    *(f"{name}=12" for name in ("n_classes", "base_n_classes", "most_classes")),
    *(f"{name}=3000" for name in ("n_samples", "base_n_samples", "most_samples")),
    *("n_hidden=32", "n_steps=400", "batch_size=64", "n_eval=400", "n_permutations=2", "trials=2"),
]


def small(*settings):
    return load_spec(STUDY, settings=[*SMALL, *settings])


@pytest.fixture(scope="module")
def run():
    spec = small("methods=representation", "objective=classification", "assumption=all-hold,narrow,linear-encoder")
    rows = [evaluate_chunk(spec, chunk).rows.to_pandas() for chunk in plan(STUDY, spec)]
    return Results(pd.concat(rows, ignore_index=True), spec, pd.DataFrame())


def test_one_thing_is_varied_at_a_time():
    spec = load_spec(STUDY, preset="full")
    base = base_point(spec.fixed)
    planned = [(world.values, world.trial) for chunk in plan(STUDY, spec) for world in chunk.worlds]
    departures = [[(n, v) for n, v in values.items() if v != base[n]] for values, _ in planned]
    assert max(map(len, departures)) == 1
    levels = [(n, v) for n in spec.grid.__struct_fields__ for v in getattr(spec.grid, n) if v != base[n]]
    assert sorted(map(str, levels)) == sorted({str(d[0]) for d in departures if d})
    assert len(planned) == spec.trials * (1 + len(levels))


@pytest.fixture(scope="module")
def drawn():
    """Draws of a world for any assumption, one compiled program for all."""
    fixed = small().fixed

    def draws(key, values):
        truth_key, key = jax.random.split(counter_key(key))
        truth = worlds.draw_truth(truth_key, fixed, "classification", N, values)
        return truth.centres, worlds.draw(key, fixed, "classification", truth, values, 3000)

    compiled = jax.jit(draws)

    def of(assumption):
        point = {**base_point(fixed), "assumption": assumption}
        traced = {name: point[name] for name in ("depth", "condition_number")}
        return jax.tree.map(np.asarray, compiled(jax.random.key(1), traced | numbers(fixed, point)))

    return of


def test_every_assumption_breaks_what_it_says(drawn):
    centres, base = drawn("all-hold")
    np.testing.assert_allclose(np.linalg.norm(base.latents, axis=1), 1, rtol=1e-5)
    assert stats.chisquare(np.bincount(base.labels, minlength=12)).pvalue > 1e-3
    flat, _ = drawn("flat-centres")
    assert np.linalg.matrix_rank(centres) == N
    assert np.linalg.matrix_rank(flat) == N // 2
    assert set(drawn("few-classes")[1].labels) == {0, 1}
    uneven = np.bincount(drawn("uneven-classes")[1].labels, minlength=12)
    shares = 1 / np.arange(1, 13)
    assert stats.chisquare(uneven, 3000 * shares / shares.sum()).pvalue > 1e-3
    # The same draws but for the labels: half of them are drawn anew, of which 11 of 12 change.
    changed = np.mean(drawn("label-noise")[1].labels != base.labels)
    assert changed == pytest.approx(11 / 24, abs=4 * 0.5 / np.sqrt(3000))
    _, sparse = drawn("sparse-prior")
    assert np.mean(sparse.latents != 0) == pytest.approx(0.2, abs=4 * 0.4 / np.sqrt(3000 * N))
    for name, kurtosis in (("gaussian-prior", 0.0), ("laplace-prior", 3.0)):
        _, data = drawn(name)
        noise = (data.latents - centres[data.labels]) * 10**0.5
        # The kurtosis of 12,000 values has a standard error of .045 for Gaussian noise, and near .6 for Laplace's.
        assert stats.kurtosis(noise.ravel()) == pytest.approx(kurtosis, abs=0.2 + kurtosis)
        assert np.std(noise) == pytest.approx(1, abs=0.05)
    _, folded = drawn("folded")
    np.testing.assert_array_equal(folded.latents, base.latents)
    positive = np.all(base.latents[:, : N // 2] >= 0, axis=1)
    same = np.all(folded.observations == base.observations, axis=1)
    np.testing.assert_array_equal(same, positive)


def test_assumptions_change_the_network_or_its_samples():
    fixed = small().fixed
    point = base_point(fixed)
    base = numbers(fixed, point)
    for name, key, value in (
        ("narrow", "n_dims", N // 2),
        ("few-samples", "n_samples", 30),
        ("linear-encoder", "encoder_slope", 1.0),
    ):
        changed = numbers(fixed, {**point, "assumption": name})
        assert changed[key] == value
        assert {k: v for k, v in changed.items() if k != key} == {k: v for k, v in base.items() if k != key}
    assert all(numbers(fixed, {**point, "assumption": name}) != base for name in ASSUMPTIONS if name != "all-hold")


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains_an_encoder_of_the_right_shape(objective):
    fixed = small().fixed
    point = base_point(fixed)
    values = {name: point[name] for name in ("depth", "condition_number")} | numbers(fixed, point)
    world = jax.eval_shape(
        lambda key: worlds.train_world(counter_key(key), fixed, objective, N, values), jax.random.key(0)
    )
    assert world.encoder.weights[-1].shape == (32, N)
    assert world.loss.shape == ()


def test_a_small_run(run):
    rows = run.rows.set_index("assumption")
    assert len(rows) == 6
    assert np.isfinite(rows["loss"]).all()
    # A linear network of full rank is a linear map of x: what can be read from it is what can be read from x.
    straight = rows.loc["linear-encoder"]
    np.testing.assert_allclose(straight["r2"], straight["r2_observed"], atol=1e-3)
    # Two dimensions hold at most half of the variance of nearly isotropic latents.
    assert (rows.loc["narrow", "r2"] < 0.62).all()
    assert (rows.loc["all-hold", "r2"] > rows.loc["narrow", "r2"].max()).all()


def test_the_report_of_a_small_run(run):
    content = report(run)
    assert {panel.name for panel in content.panels} == {"assumptions", "coding"}
    assert content.sentences[0].startswith("Where theory's assumptions hold (N = 4 latents, a 3-layer")
    assert set(content.tables) == {"assumptions", "objectives", "coding"}
    assert content.failures == []
    # Without the base setting there is nothing to compare with, and still a report.
    others = Results(run.rows.assign(objective="info-nce"), run.spec, run.timings)
    assert "assumptions" in report(others).tables


def rows_of(scores):
    """Rows of the given R^2 by assumption, everything else at the base setting."""
    base = base_point(small().fixed)
    return pd.DataFrame(
        {**base, "assumption": name, "method": "representation", "trial": trial, "loss": 1.0, "r2": r2}
        | {"r2_back": r2, "r2_observed": 0.5, "mcc": 0.6, "mcc_chance": 0.2, "mcc_rotated": 0.5}
        for name, values in scores.items()
        for trial, r2 in enumerate(values)
    )


def test_tables_compare_with_the_base_setting():
    reference, low = [0.97, 0.98, 0.96], [0.5, 0.6, 0.55]
    rows = rows_of(
        {"all-hold": reference, "folded": low, "laplace-prior": [0.96, 0.98, 0.97], "narrow": [0.99, np.nan]}
    )
    rows.loc[rows["r2"].isna(), "loss"] = np.nan
    table = tables.assumption_table(rows, small().fixed).set_index("assumption")
    assert list(table.index) == ["all-hold", "laplace-prior", "narrow", "folded"]
    assert list(table["verdict"]) == ["base", "not told apart", "not told apart", "lower"]
    assert list(table["theory"]) == ["holds", "broken", "broken", "broken"]
    assert table.loc["narrow", "n_trials"] == 1
    interval = stats.ttest_ind(reference, low, equal_var=False).confidence_interval(0.95)
    row = table.loc["folded"]
    assert row["drop"] == pytest.approx(0.97 - 0.55)
    assert (row["drop_low"], row["drop_high"]) == pytest.approx((interval.low, interval.high))
    coding = tables.mcc_table(rows, small().fixed, "assumption").set_index("assumption").loc["folded"]
    assert coding["corrected"] == pytest.approx(0.5)
    assert coding["rotated"] == pytest.approx(0.375)


def test_what_exceeds_the_programs_is_refused():
    with pytest.raises(UserError, match="n_classes 13 must be at most most_classes 12"):
        small("n_classes=13")
    with pytest.raises(UserError, match="most_classes 12 must be at least twice n_latents 8"):
        small("n_latents=8")
