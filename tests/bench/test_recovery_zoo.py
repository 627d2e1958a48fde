"""The zoo: its scores, its ranking held against plain arithmetic, and every method at work in it."""

import jax
import msgspec
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

    monkeypatch.setattr("bench.programs.Program.timed", traced)
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


def test_what_no_method_beats():
    # M / N = 1/2: at a density of .1 message passing is optimal; at .35 and little noise recovery is hard (theory's
    # check values have both), so that the ceiling lies below what message passing reaches.
    settings = ["n_latents=60", "n_dims=30", "n_active=6,21", "noise_std=.001", "code_sign=signed"]
    theory = tables.theory_table(load_spec(STUDY, settings=settings)).set_index("n_active")
    assert list(theory["phase"]) == ["easy", "hard"]
    assert theory["bayes_ceiling"][6] == pytest.approx(theory["bayes"][6], rel=1e-3)
    assert theory["bayes_ceiling"][21] < 1e-3 * theory["bayes"][21]
    assert set(tables.theory_table(load_spec(STUDY))["phase"]) == {"unknown"}


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


def test_report_of_chance_alone(rows, spec):
    """A run whose only method without the dictionary is the null learner has a report."""
    names = ("fista", "unrelated")
    few = rows[rows["method"].isin(names)].drop(columns=["failed", "nmse_db"])
    content = STUDY.report(Results(few, msgspec.structs.replace(spec, methods=names), pd.DataFrame()))
    assert any(s.startswith("With the dictionary unknown nothing was run but chance: ") for s in content.sentences)
