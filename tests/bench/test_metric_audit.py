"""The audit: its estimates have the faults they are named for, its tables hold, and a small run says what it should."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from analysis.theory import matched_cosine_chance
from bench.evaluate import evaluate_chunk
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.metric_audit import tables
from bench.studies.metric_audit.definitions import DEFINITIONS
from bench.studies.metric_audit.estimates import MAKERS, Estimate, chance_of, draw_codes
from bench.studies.metric_audit.parameters import CONDITIONS
from bench.studies.metric_audit.scores import FAMILIES, LABELS
from bench.study import Results

STUDY = get_study("metric-audit")
N, P, M = 8, 60, 6


@pytest.fixture(scope="module")
def truth():
    key = jax.random.key(0)
    return Estimate(draw_codes(key, P, N, 0.25), jax.random.normal(jax.random.key(1), (M, N)))


@pytest.fixture(scope="module")
def made(truth):
    make = jax.jit(lambda t: {name: maker(jax.random.key(2), t, jnp.float32(0.5)) for name, maker in MAKERS.items()})
    return jax.tree.map(np.asarray, make(truth))


@pytest.fixture(scope="module")
def rows():
    sizes = ["n_latents=16", "n_samples=40", "trials=2"]
    spec = load_spec(STUDY, settings=[*sizes, "methods=readout,structure", "condition=same,rotated,split,unrelated"])
    return spec, pd.concat([evaluate_chunk(spec, c).rows.to_pandas() for c in plan(STUDY, spec)], ignore_index=True)


def test_what_is_observed_of_an_estimate_is_the_truths(truth, made):
    """Whatever only names the truth differently reconstructs the same observations."""
    observed = truth.codes @ truth.dictionary.T
    for name in ("same", "relabelled", "rotated", "split"):
        np.testing.assert_allclose(made[name].codes @ made[name].dictionary.T, observed, atol=1e-4)
    for name in ("noisy", "dead", "unrelated", "merged"):
        assert np.abs(made[name].codes @ made[name].dictionary.T - observed).max() > 0.1


def test_faults_are_as_named(truth, made):
    codes = np.asarray(truth.codes)
    assert np.all(np.sum(codes > 0, axis=1) == 2)
    assert sorted(np.sum(made["relabelled"].codes > 0, axis=0)) == sorted(np.sum(codes > 0, axis=0))
    assert made["noisy"].codes.min() == 0
    assert np.all(made["dead"].codes[:, 1::2] == 0)
    np.testing.assert_array_equal(made["dead"].codes[:, ::2], codes[:, ::2])
    first, second = made["split"].codes[:, :N], made["split"].codes[:, N:]
    np.testing.assert_array_equal(first + second, codes)
    assert np.all(first * second == 0)
    assert min(np.sum(first > 0), np.sum(second > 0)) > 0.3 * np.sum(codes > 0)
    np.testing.assert_allclose(made["merged"].codes[:, 0], codes[:, 0] + codes[:, 1])
    shuffled = chance_of(jax.random.key(3), truth)
    np.testing.assert_array_equal(np.sort(shuffled.codes, axis=0), np.sort(codes, axis=0))


def test_every_score_has_a_label_and_every_condition_a_maker(truth):
    assert list(MAKERS) == list(CONDITIONS)
    assert set(STUDY.methods) == set(FAMILIES)
    shapes = [
        jax.eval_shape(lambda t, family=family: family(jax.random.key(0), t, t, 0.1), truth)
        for family in FAMILIES.values()
    ]
    names = [name for scores in shapes for name in scores]
    assert sorted(names) == sorted(LABELS)
    assert all(score.shape == () for scores in shapes for score in scores.values())


def test_every_metric_is_defined_in_full():
    assert list(DEFINITIONS) == list(LABELS)
    for name, definition in DEFINITIONS.items():
        assert all(text.strip() for text in definition), name
        assert re.search(r"\d{4}", definition.reference), name
    assert len({definition.label for definition in DEFINITIONS.values()}) == len(DEFINITIONS)


def test_scores_of_a_small_run(rows):
    scores = tables.score_table(rows[1]).set_index(["metric", "condition"])
    for metric in ("r2", "disentanglement", "unsplit", "alive", "distinct"):
        assert scores["mean"][metric, "same"] > 0.9
    # A rotation can be undone by a linear map, but leaves nothing disentangled.
    assert scores["mean"]["r2", "rotated"] > 0.99
    assert scores["mean"]["disentanglement", "rotated"] < 0.4
    assert scores["mean"]["unsplit", "split"] < 0.2
    assert scores["mean"]["distinct", "split"] == 0
    # A split dictionary comes back every time, and is stable without being right; another rotation is another one.
    assert scores["mean"]["stable", "split"] == pytest.approx(1, abs=1e-5)
    assert scores["mean"]["stable", "rotated"] < 0.8
    assert scores["chance"]["stable", "same"] == pytest.approx(matched_cosine_chance(8, 16, 16), abs=0.1)
    # 16 of 39 degrees of freedom; Beta(8, 11.5) has standard deviation .11, over 32 latents.
    assert scores["mean"]["r2", "unrelated"] == pytest.approx(16 / 39, abs=4 * 0.11 / np.sqrt(32))
    assert scores["mean"]["r2_held_out", "unrelated"] < 0


def test_tables_are_plain_arithmetic(rows):
    table = tables.score_table(rows[1])
    group = rows[1].query("condition == 'rotated'")
    row = table.query("condition == 'rotated' and metric == 'disentanglement'").iloc[0]
    assert row["mean"] == pytest.approx(group["disentanglement"].mean())
    chance = group["disentanglement_chance"].mean()
    assert row["chance"] == pytest.approx(chance)
    assert row["corrected"] == pytest.approx((row["mean"] - chance) / (1 - chance))
    assert np.isnan(table.query("metric == 'alive'")["corrected"]).all()
    assert row["corrected_low"] < row["corrected"] < row["corrected_high"]
    below = tables.corrected_for_chance(pd.Series([0.4, 0.6]), pd.Series([-3.0, -1.0]))
    assert below[0] == pytest.approx(0.5)
    assert np.all(np.isnan(tables.corrected_for_chance(pd.Series([1.0, 1.0]), pd.Series([0.99, 0.99]))))
    blind = tables.blindness_table(table).set_index("metric")["blind_to"]
    assert {"rotated", "split"} <= set(blind["r2"].split(", "))
    assert "rotated" not in blind["disentanglement"]


def test_report(rows):
    spec, frame = rows
    content = STUDY.report(Results(frame, spec, pd.DataFrame()))
    assert {panel.name for panel in content.panels} == {"audit-mean", "audit-corrected"}
    assert any(sentence.startswith("Misleading without their chance level") for sentence in content.sentences)
    assert any(sentence.startswith("Rotated: at or above 90%") for sentence in content.sentences)
    assert set(content.tables) == {"scores", "chance", "blindness", "metrics"}
    assert set(content.tables["metrics"]["metric"]) == set(content.tables["scores"]["metric"])
    assert content.failures == []
