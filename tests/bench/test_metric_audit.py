"""The audit: its estimates have the faults they are named for, its tables hold, and a small run says what it should."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from analysis.theory import matched_cosine_chance
from bench.errors import UserError
from bench.evaluate import evaluate_chunk
from bench.methods import Method
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.metric_audit import study, tables
from bench.studies.metric_audit.definitions import DEFINITIONS
from bench.studies.metric_audit.estimates import MAKERS, Estimate, chance_of, draw_codes
from bench.studies.metric_audit.parameters import CONDITIONS
from bench.studies.metric_audit.scores import FAMILIES, LABELS
from bench.study import Results
from recovery.encoders import JumpReluEncoder
from recovery.learner import Fit
from recovery.solution import Status

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
    """A small run of two families, which also score a learner."""
    sizes = ["n_latents=16", "n_samples=40", "trials=2"]
    settings = [*sizes, "methods=readout,structure", "condition=same,rotated,split,unrelated"]
    spec = load_spec(STUDY, settings=settings, methods=["pca"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "FAMILIES", {name: FAMILIES[name] for name in ("readout", "structure")})
        chunks = [evaluate_chunk(spec, chunk).rows.to_pandas() for chunk in plan(STUDY, spec)]
    return spec, pd.concat(chunks, ignore_index=True)


@pytest.fixture(scope="module")
def scores(rows):
    return tables.score_table(tables.by_estimate(rows[1], rows[0].plugins))


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


def test_scores_of_a_small_run(scores):
    scores = scores.set_index(["metric", "condition"])
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


def test_tables_are_plain_arithmetic(rows, scores):
    table = scores
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


class Knowing:
    """A learner that was told the truth, of a square dictionary."""

    def __init__(self, dictionary):
        self.dictionary = dictionary

    def fit(self, observations, *, n_atoms, key):
        # Above the rounding of the inverse, so that what is zero is zero.
        zero, threshold = jnp.zeros(n_atoms), jnp.full(n_atoms, 1e-4)
        encoder = JumpReluEncoder(jnp.linalg.inv(self.dictionary).T, zero, zero, threshold)
        return Fit(self.dictionary, encoder, jnp.zeros(0), jnp.int32(Status.CONVERGED))


def test_a_learner_is_scored_as_any_estimate(truth, monkeypatch):
    """One that finds the truth scores what the truth does; where it is not fitted there are no numbers."""
    monkeypatch.setattr(study, "FAMILIES", {name: FAMILIES[name] for name in ("matching",)})
    square = truth._replace(dictionary=jax.random.normal(jax.random.key(4), (N, N)))
    method = Method("knowing", "", "learner", lambda knowledge: Knowing(square.dictionary))
    fixed = load_spec(STUDY).fixed
    key = jax.random.key(5)

    @jax.jit
    def measured(code):
        return study._measure_learner(key, fixed, square, {"condition_code": code}, method)

    found, nothing = measured(0), measured(1)
    expected = {}
    for name in ("matching",):
        score = FAMILIES[name]
        expected |= jax.jit(lambda t, score=score: score(key, t, t, fixed.activity_threshold))(square)
    for name, value in expected.items():
        # Inverting the dictionary costs some digits of float32.
        np.testing.assert_allclose(found[name], value, atol=2e-3, err_msg=name)
        assert np.isnan(nothing[name])
        assert found[f"{name}_chance"] <= 1
    # Unrelated codes and atoms of this size are matched at .6 to .8.
    assert found["mcc_chance"] < 0.9 * found["mcc"]
    assert found["fit_status"] == Status.CONVERGED


def test_learners_beside_the_conditions(rows, scores):
    spec, frame = rows
    table = scores.set_index(["metric", "condition"])
    for metric in ("r2_held_out", "alive"):
        assert list(table.loc[metric].index) == ["same", "rotated", "unrelated", "split", "pca"]
    assert table["n_trials"]["r2_held_out", "pca"] == 2
    # Eight axes of 16 latents: no map undoes what is lost.
    assert table["mean"]["r2", "pca"] < 0.9 < table["mean"]["r2", "same"]
    content = STUDY.report(Results(frame, spec, pd.DataFrame()))
    (sentence,) = (s for s in content.sentences if s.startswith("Learned by pca from 40 observations of 16 latents: "))
    assert f"R² held-out {table['mean']['r2_held_out', 'pca']:.2f}" in sentence
    assert any(note.startswith("pca: fitted to the observations of the truth") for note in content.notes)
    lost = frame.assign(fit_status=frame["fit_status"].where(frame["method"] != "pca", float(Status.NON_FINITE)))
    failures = STUDY.report(Results(lost, spec, pd.DataFrame())).failures
    assert failures[0] == "pca, N = 16, 40 samples: 2 of 2 fits not finite"


def test_learners_that_have_no_place():
    with pytest.raises(UserError, match="condition must have 'same'"):
        load_spec(STUDY, settings=["condition=split"], methods=["pca"])
    with pytest.raises(UserError, match="is a coder; study metric-audit takes learners only"):
        load_spec(STUDY, methods=["omp"])
