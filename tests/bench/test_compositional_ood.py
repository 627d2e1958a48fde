"""The study of unseen combinations: readings of the label against scikit-learn, the tables, and a small run."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from bench.errors import UserError
from bench.evaluate import evaluate_chunk
from bench.points import plan
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.compositional_ood import tables
from bench.studies.compositional_ood.label import accuracy, best_latent_auc
from bench.studies.compositional_ood.parameters import PUBLISHED_NAMES, n_dims_of, published
from bench.study import Results

STUDY = get_study("compositional-ood")


@pytest.fixture(scope="module")
def labelled():
    """Sparse codes of which the first, with noise, makes the label; and others whose first is always on."""
    rng = np.random.default_rng(0)
    iid = rng.random((400, 6)) * (rng.random((400, 6)) < 0.4)
    ood = rng.random((300, 6)) * (rng.random((300, 6)) < [1, 0.4, 0.4, 0.4, 0.4, 0.4])
    labels = [codes[:, 0] + 0.2 * rng.standard_normal(len(codes)) > 0.4 for codes in (iid, ood)]
    return iid, labels[0], ood, labels[1]


def test_accuracy_is_that_of_logistic_regression(labelled):
    iid, label, ood, label_ood = labelled
    found = accuracy(*map(jnp.asarray, labelled))
    fitted = LogisticRegression(C=np.inf, max_iter=1000).fit(iid, label)
    # Both stop where no derivative is above 1e-4; two samples next to the boundary may fall on either side.
    assert float(found.iid) == pytest.approx(fitted.score(iid, label), abs=2.1 / 400)
    assert float(found.ood) == pytest.approx(fitted.score(ood, label_ood), abs=2.1 / 300)


def test_area_is_that_of_the_best_latent(labelled):
    iid, label, ood, label_ood = labelled
    found = best_latent_auc(jnp.asarray(-iid), label, jnp.asarray(-ood), label_ood)
    areas = [max(area, 1 - area) for area in (roc_auc_score(label, column) for column in iid.T)]
    assert np.argmax(areas) == 0
    assert float(found.iid) == pytest.approx(areas[0], abs=1e-5)
    assert float(found.ood) == pytest.approx(roc_auc_score(label_ood, ood[:, 0]), abs=1e-5)
    assert np.isnan(best_latent_auc(jnp.asarray(iid), jnp.ones(400, bool), jnp.asarray(ood), label_ood).iid)


def test_published_figures():
    table = published()
    assert set(table["method"]) == set(PUBLISHED_NAMES.values()) <= set(STUDY.methods)
    keys = ["method", "n_latents", "n_active", "n_samples"]
    assert not table.duplicated(keys).any()
    assert not table["mcc_ood_mean"].isna().any()
    cell = table.set_index(keys).loc[("dl-fista", 1000, 10, 5000)]
    assert (cell["mcc_ood_mean"], cell["n_dims"]) == (0.4746, 93)
    # Their dimensions follow the same rule.
    assert [n_dims_of(int(n), int(k)) for n, k in zip(table["n_latents"], table["n_active"], strict=True)] == list(
        table["n_dims"]
    )


@pytest.fixture(scope="module")
def run():
    settings = ["n_latents=16", "n_active=2", "n_samples=400", "trials=2", "methods=fista-oracle,linear-probe"]
    spec = load_spec(STUDY, settings=settings)
    return spec, pd.concat([evaluate_chunk(spec, c).rows.to_pandas() for c in plan(STUDY, spec)], ignore_index=True)


def test_small_run(run):
    _, rows = run
    summary = tables.summary_table(rows).set_index(["method", "seed"])
    assert len(summary) == 4
    oracle, probe = (summary.loc[name] for name in ("fista-oracle", "linear-probe"))
    # With the dictionary codes are read well in either split; a linear readout of 9 dimensions cannot.
    assert (oracle[["mcc_iid", "mcc_ood"]] > 0.9).all(axis=None)
    assert (oracle["mcc_ood"] > probe["mcc_ood"]).all()
    chance = oracle["mcc_chance_ood"]
    np.testing.assert_allclose(oracle["mcc_corrected_ood"], (oracle["mcc_ood"] - chance) / (1 - chance))
    # Shuffled samples are unrelated: at most a few standard errors of a correlation over 200 samples, 1 / sqrt(200).
    assert (chance < 0.3).all()


def test_comparison_and_report(run):
    spec, rows = run
    moved = rows.assign(n_latents=100, n_active=10, n_samples=5000)
    comparison = tables.comparison_table(tables.summary_table(moved)).set_index(["method", "score"])
    one = comparison.loc[("fista-oracle", "mcc_ood")]
    assert one["published"] == 0.9856
    assert one["difference"] == pytest.approx(rows.loc[rows["method"] == "fista-oracle", "mcc_ood"].mean() - 0.9856)
    content = STUDY.report(Results(moved, spec, pd.DataFrame()))
    assert {"summary", "comparison"} == set(content.tables)
    assert any("published" in sentence for sentence in content.sentences)
    assert (
        STUDY.report(Results(rows, spec, pd.DataFrame())).sentences[-1] == "No published figure belongs to these cells."
    )


def test_sizes_that_do_not_fit():
    with pytest.raises(UserError, match="half"):
        load_spec(STUDY, settings=["n_latents=16", "n_active=9"])
    with pytest.raises(UserError, match="n_dims"):
        load_spec(STUDY, settings=["n_latents=3", "n_active=1"])
