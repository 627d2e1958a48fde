"""The study of dictionary learning: a small run, boundaries from known curves, and whose failure is told."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from bench.errors import UserError
from bench.evaluate import evaluate_chunk
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.dictionary_learning import tables
from bench.study import Results
from recovery.solution import Status

STUDY = get_study("dictionary-learning")


@pytest.fixture(scope="module")
def run():
    settings = ["n_latents=12", "samples_per_latent=20", "density=0.08,0.17", "trials=2", "methods=alternating-mod,pca"]
    spec = load_spec(STUDY, settings=settings)
    return spec, pd.concat([evaluate_chunk(spec, c).rows.to_pandas() for c in plan(STUDY, spec)], ignore_index=True)


def test_small_run(run):
    spec, rows = run
    assert set(rows["n_active"]) == {1, 2}
    assert set(rows["n_samples"]) == {240}
    mod, pca = (rows[rows["method"] == name] for name in ("alternating-mod", "pca"))
    # With 20 samples a latent and K of 1 or 2 the truth is kept, but for atoms that are alike in so few dimensions.
    assert (mod["near_matched_cosine"] > 0.9).all()
    assert np.allclose(mod["near_objective"], mod["true_objective"], rtol=0.05)
    assert pca[["near_matched_cosine", "near_objective"]].isna().all(axis=None)
    assert (mod["matched_cosine"].to_numpy() > pca["matched_cosine"].to_numpy()).all()
    content = STUDY.report(Results(rows, spec, pd.DataFrame()))
    assert set(content.tables) == {"boundary", "cells"}
    assert any(sentence.startswith("pca does not recover 2 of 2 cells") for sentence in content.sentences)


def _rows(success, *, method="ksvd", n_latents=40, cells=(40, 80, 160, 320, 640), trials=200, objective=2.0, near=True):
    """Rows of one world in which a share `success(P)` of trials recovers."""
    rng = np.random.default_rng(n_latents)
    n_samples = np.repeat(np.array(cells) * n_latents // 40, trials)
    found = rng.random(n_samples.size) < success(n_samples)
    return pd.DataFrame(
        {
            "n_latents": n_latents,
            "undersampling": 0.5,
            "code_sign": "signed",
            "noise_std": 0.0,
            "density": 0.1,
            "samples_per_latent": n_samples / n_latents,
            "method": method,
            "trial": np.tile(np.arange(trials), len(cells)),
            "n_dims": n_latents // 2,
            "n_active": n_latents // 10,
            "n_samples": n_samples,
            "matched_cosine": np.where(found, 0.99, 0.6),
            "atoms_found": found * 1.0,
            "near_matched_cosine": 0.99 if near else 0.6,
            "near_atoms_found": 1.0,
            "true_objective": 1.0,
            "objective": np.where(found, 1.0, objective),
            "near_objective": 1.0,
            "status": int(Status.CONVERGED),
        }
    )


def _logistic(at):
    return lambda n: expit(4 * np.log(n / at))


def test_the_boundary_is_the_curves_own():
    boundary = tables.boundary_table(tables.judged(_rows(_logistic(150.0)))).iloc[0]
    assert boundary["samples50_low"] < 150 < boundary["samples50_high"]
    # 200 trials at each of five levels place log P to about .03.
    assert boundary["samples50"] == pytest.approx(150, rel=0.12)
    # N (M - 1) / (M - K) of 40, 20 and 4.
    assert boundary["counting_bound"] == 48
    assert boundary["times_bound"] == pytest.approx(boundary["samples50"] / 48)
    assert boundary["near_samples50"] != boundary["near_samples50"]
    assert boundary["near_samples50_high"] <= 40


def test_samples_in_proportion_to_n_have_power_one():
    rows = pd.concat([_rows(_logistic(4.0 * n), n_latents=n) for n in (40, 80, 160)])
    scaling = tables.scaling_table(tables.boundary_table(tables.judged(rows))).iloc[0]
    assert scaling["power_low"] < 1 < scaling["power_high"]
    assert scaling["power_high"] - scaling["power_low"] < 0.3
    rows = pd.concat([_rows(_logistic(0.05 * n**2), n_latents=n) for n in (40, 80, 160)])
    assert tables.scaling_table(tables.boundary_table(tables.judged(rows))).iloc[0]["power_low"] > 1.5


def test_whose_failure_it_is():
    def verdicts(*parts):
        cells = tables.cell_table(tables.judged(pd.concat(parts)))
        return cells[cells["method"] == "ksvd"].set_index("n_samples")["verdict"].to_dict()

    def never(n):
        return np.zeros(n.size)

    def few(success, **more):
        return _rows(success, cells=(40, 160), trials=4, **more)

    # 40 samples are below the counting bound of 48.
    assert verdicts(few(never)) == {40: "impossible", 160: "not found"}
    assert verdicts(few(never, near=False))[160] == "unstable"
    assert verdicts(few(never, objective=0.9))[160] == "not singled out"
    better = few(lambda n: np.ones(n.size), method="mod")
    assert verdicts(few(never), better)[160] == "this learner"
    assert verdicts(few(lambda n: np.ones(n.size)))[160] == "recovered"


def test_every_learner_is_there():
    from recovery.learners import LEARNERS

    assert set(STUDY.methods) == set(LEARNERS)
    for preset in STUDY.presets.values():
        assert set(preset["methods"]) <= set(LEARNERS)


def test_values_that_do_not_fit():
    with pytest.raises(UserError, match="n_active"):
        load_spec(STUDY, settings=["density=0.6"])
    with pytest.raises(UserError, match="no negative values"):
        load_spec(STUDY, settings=["code_sign=signed"])
    with pytest.raises(UserError, match="2 dimensions"):
        load_spec(STUDY, settings=["n_latents=4", "undersampling=0.3"])
