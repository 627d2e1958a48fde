"""The zoo: its scores, its ranking held against plain arithmetic, and every method at work in it."""

import jax
import numpy as np
import pandas as pd
import pytest

from bench.evaluate import evaluate_chunk
from bench.methods import built_in
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.recovery_zoo import tables
from bench.study import Results
from recovery.solution import Status

STUDY = get_study("recovery-zoo")
TINY = ["n_latents=16", "n_dims=8", "n_train=60", "n_eval=40", "training_steps=5", "trials=1"]
FAMILIES = ["homotopy", "niht", "bayes-amp", "sparse-bayesian-learning", "lista", "ksvd", "batch-topk-sae"]


def rows_of(spec):
    return pd.concat([evaluate_chunk(spec, chunk).rows.to_pandas() for chunk in plan(STUDY, spec)], ignore_index=True)


@pytest.fixture(scope="module")
def spec():
    sizes = ["n_latents=24", "n_dims=12", "n_train=400", "trials=2", "n_active=1,3", "noise_std=.02"]
    return load_spec(STUDY, settings=[*sizes, "methods=fista,omp,alternating-mod,unrelated"])


@pytest.fixture(scope="module")
def rows(spec):
    return tables.judge(rows_of(spec))


def test_every_method_is_there():
    assert set(STUDY.methods) == set(built_in())


def test_every_method_fits_into_the_study(monkeypatch):
    """Traced and not compiled: what each method computes, its own tests hold against others."""

    def traced(program, *arguments):
        shapes = jax.eval_shape(program._jitted, *arguments)
        numbers = {name: np.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}
        return numbers, {"compile_seconds": 0.0, "run_seconds": 0.0}

    monkeypatch.setattr("bench.evaluate._Program.timed", traced)
    rows = rows_of(load_spec(STUDY, settings=[*TINY, "n_active=2", "noise_std=.05"]))
    assert set(rows["method"]) == set(built_in())


def test_one_method_of_each_family_runs():
    """On one small cell: finite scores from all that are built for noise."""
    spec = load_spec(STUDY, settings=[*TINY, "n_active=2", "noise_std=.05", f"methods={','.join(FAMILIES)}"])
    rows = rows_of(spec).set_index("method")
    assert set(rows.index) == set(FAMILIES)
    samples = rows[["n_converged", "n_max_iterations", "n_non_finite"]].sum(axis=1)
    assert np.all(samples == 40)
    broken = rows[(rows["n_non_finite"] > 0) | (rows["fit_status"] == Status.NON_FINITE)]
    assert broken.empty, list(broken.index)
    assert np.all(np.isfinite(rows["nmse"]))


def test_the_dictionary_known_is_better_than_unknown_and_that_than_chance(rows):
    score = rows.groupby("method")["nmse_db"].mean()
    assert score["fista"] < score["alternating-mod"] < score["unrelated"] - 5
    cosine = rows.groupby("method")["dictionary_cosine"].mean()
    assert cosine["alternating-mod"] > 0.9 > 0.7 > cosine["unrelated"]
    assert np.isnan(cosine["fista"])


def test_ranking(rows, spec):
    cells = tables.cell_table(rows)
    ranking = tables.ranking_table(rows, cells, spec).set_index("method")
    assert list(ranking.index[:2]) == sorted(["fista", "omp"], key=lambda m: ranking["nmse_db"][m])
    for method, part in rows.groupby("method"):
        per_trial = [10 * np.mean(np.log10(one["nmse"])) for _, one in part.groupby("trial")]
        assert ranking["nmse_db"][method] == pytest.approx(np.mean(per_trial))
        # Student's t with one degree of freedom: 12.706 at 97.5 %.
        half = 12.7062 * np.std(per_trial, ddof=1) / np.sqrt(2)
        assert ranking["nmse_db_high"][method] - ranking["nmse_db"][method] == pytest.approx(half, rel=1e-4)
    best, other = ranking.index[:2]
    assert ranking["behind_best_db"][best] == 0
    assert ranking["behind_best_db"][other] == pytest.approx(ranking["nmse_db"][other] - ranking["nmse_db"][best])
    assert set(ranking["told"][["alternating-mod", "unrelated"]]) == {"dictionary unknown"}


def test_what_failed_is_counted(rows, spec):
    broken = rows.copy()
    where = (broken["method"] == "omp") & (broken["trial"] == 0)
    broken.loc[where, ["nmse", "n_non_finite", "n_converged"]] = [np.nan, 200, 0]
    judged = tables.judge(broken)
    # No codes at all have NMSE 1: 0 dB.
    assert np.all(judged.loc[where, "nmse_db"] == 0)
    ranking = tables.ranking_table(judged, tables.cell_table(judged), spec).set_index("method")
    assert ranking["failed_share"]["omp"] == 0.5
    assert ranking["failed_share"]["fista"] == 0


def test_theory_beside_measurement(rows, spec):
    theory = tables.theory_table(spec).set_index("n_active")
    measured = rows[rows["method"] == "fista"].groupby("n_active")["nmse"].mean()
    # 24 latents are far from the limit: within a factor of 3, above the oracle floor, below the worst case.
    assert np.all(np.abs(np.log(measured / theory["lasso"])) < np.log(3))
    assert np.all(theory["oracle"] < theory["lasso"])
    assert np.all(theory["lasso"] < theory["worst_case"])


def test_report(rows, spec):
    timings = pd.DataFrame(
        {"method": ["fista", "omp"], "n_points": [4, 4], "compile_seconds": [1.0, 1.0], "run_seconds": [0.2, 0.1]}
    )
    plain = rows.drop(columns=["failed", "nmse_db"])
    content = STUDY.report(Results(plain, spec, timings))
    assert any(
        sentence.startswith("With the dictionary known, the best of 2 methods is") for sentence in content.sentences
    )
    assert any("Chance" in sentence for sentence in content.sentences)
    costs = content.tables["costs"].set_index("method")
    # .2 s for 4 problems of 200 signals.
    assert costs["microseconds_per_signal"]["fista"] == pytest.approx(0.2 / 4 / 200 * 1e6)
    assert "costs" not in STUDY.report(Results(plain, spec, timings[:0])).tables
    assert {panel.name for panel in content.panels} >= {"ranking", "family-l1", "family-greedy"}


class TestBayesCeiling:
    """No solve runs: theory follows from the spec alone."""

    @pytest.fixture
    def signed(self):
        sizes = ["n_latents=100", "n_dims=30", "code_sign=signed", "n_active=3,15,20", "noise_std=.001"]
        return load_spec(STUDY, settings=[*sizes, "methods=fista,omp,alternating-mod,unrelated"])

    def test_phases_of_cells_whose_fixed_points_are_known(self, signed):
        theory = tables.theory_table(signed).set_index("n_active")
        # delta = .3: one fixed point at eps = .03; at .2 the two of `state_evolution_mse`'s docstring.
        assert theory["phase"][3] == "easy"
        assert theory["bayes"][3] == pytest.approx(theory["bayes_ceiling"][3])
        assert theory["bayes"][20] == pytest.approx(8.387e-2 / 0.2, rel=1e-3)
        assert theory["phase"][20] == "hard"
        assert theory["bayes_ceiling"][20] == pytest.approx(6.562e-7 / 0.2, rel=1e-3)
        assert np.all(theory["bayes_ceiling"] <= theory["bayes"] * (1 + 1e-9))
        assert np.all(theory["bayes_ceiling"] <= theory["lasso"])

    def test_signed_codes_have_it_in_pictures_and_words(self, rows, spec):
        sizes = ["n_latents=24", "n_dims=12", "n_train=400", "trials=2", "n_active=1,3", "noise_std=.02"]
        signed = load_spec(STUDY, settings=[*sizes, "code_sign=signed", f"methods={','.join(spec.methods)}"])
        content = STUDY.report(Results(rows.drop(columns=["failed", "nmse_db"]), signed, pd.DataFrame()))
        (panel,) = [p for p in content.panels if p.name == "family-l1"]
        drawn = pd.DataFrame(dict(panel.data)).query("label == 'Bayes ceiling'")
        np.testing.assert_allclose(drawn["NMSE"], content.tables["theory"]["bayes_ceiling"])
        assert any("2 easy, 0 hard, 0 impossible of 2 cells" in sentence for sentence in content.sentences)

    def test_non_negative_codes_say_that_there_is_none(self, rows, spec):
        content = STUDY.report(Results(rows.drop(columns=["failed", "nmse_db"]), spec, pd.DataFrame()))
        assert content.tables["theory"]["bayes_ceiling"].isna().all()
        assert set(content.tables["theory"]["phase"]) == {""}
        assert any(note.startswith("No Bayes ceiling") for note in content.notes)
        assert not any("ceiling" in str(label) for panel in content.panels for label in panel.data.get("label", []))
