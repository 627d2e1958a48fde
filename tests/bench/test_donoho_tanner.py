"""The phase diagram's tables and sentences, on rows drawn from curves whose boundary is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.statistics import boundary_likelihood_ratio
from analysis.theory.l1_transition import l1_transition
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.donoho_tanner import report as told
from bench.studies.donoho_tanner.scaling import scaling_table
from bench.study import Results
from recovery.solution import Status

STUDY = get_study("donoho-tanner")
RATIOS = np.round(np.arange(0.05, 1.0, 0.05), 2)


def rows_of(sizes, undersamplings, *, distance, width, trials=40, seed=0):
    """Rows of basis pursuit whose boundary lies `distance(N)` from theory, with a logistic of `width(N)`."""
    rng = np.random.default_rng(seed)
    parts = []
    for n in sizes:
        for delta in undersamplings:
            n_dims = round(delta * n)
            n_active = np.maximum(1, np.round(RATIOS * n_dims)).astype(int)
            edge = float(l1_transition(n_dims / n, "signed")) + distance(n)
            chance = expit((edge - n_active / n_dims) / width(n))
            recovered = rng.random((trials, len(RATIOS))) < chance
            parts.append(
                pd.DataFrame(
                    {
                        "method": "basis-pursuit",
                        "code_sign": "signed",
                        "n_latents": n,
                        "undersampling": delta,
                        "sparsity_ratio": np.tile(RATIOS, trials),
                        "n_active": np.tile(n_active, trials),
                        "n_dims": n_dims,
                        "relative_error": np.where(recovered, 1e-6, 0.5).ravel(),
                        "certificate": 1e-9,
                        "iterations": 10,
                        "status": int(Status.CONVERGED),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def rows():
    return rows_of(
        [100, 200, 400, 800],
        [0.3, 0.5, 0.7],
        distance=lambda n: -1.2 * n ** (-2 / 3),
        width=lambda n: 0.5 * n**-0.5,
    )


@pytest.fixture(scope="module")
def content(rows):
    spec = load_spec(STUDY, settings=["n_latents=100,200,400,800", "undersampling=.3,.5,.7", "methods=basis-pursuit"])
    return STUDY.report(Results(rows, spec, pd.DataFrame()))


def test_p_values_are_those_of_the_likelihood_ratio(rows, content):
    table = content.tables["boundary"]
    row = table.iloc[4]
    group = rows[(rows["n_latents"] == row["n_latents"]) & (rows["undersampling"] == row["undersampling"])]
    counts = group.assign(hit=group["relative_error"] < 1e-3).groupby("n_active")["hit"].agg(["sum", "size"])
    expected = boundary_likelihood_ratio(counts.index / row["n_dims"], counts["sum"], counts["size"], row["theory"])
    assert row["p_value"] == pytest.approx(expected.p_value)
    # 100 latents are 1.2 * 100^(-2/3) = .056 below theory: many standard errors of about .006.
    assert np.all(table.loc[table["n_latents"] == 100, "p_value_holm"] < 0.01)


def test_where_theory_holds_it_is_rejected_as_seldom_as_it_should_be():
    """28 boundaries: more than 5 rejections at 5% have a probability of .002."""
    drawn = rows_of([200] * 4, np.arange(0.25, 0.75, 0.08), distance=lambda n: 0.0, width=lambda n: 0.04, seed=3)
    # Repeats of one size are told apart by name, as methods are.
    drawn["method"] = np.repeat([f"method-{i}" for i in range(4)], len(drawn) // 4)
    table = told.boundary_table(told._judged(drawn))
    assert len(table) == 28
    assert (table["p_value"] < 0.05).sum() <= 5
    (sentence,) = told._tests(table)
    assert f"rejected at 5% at {(table['p_value'] < 0.05).sum()} of 28 boundaries" in sentence
    assert "about 1.4 would be rejected by chance. Corrected for 28 tests (Holm)" in sentence


def test_the_limit_and_the_exponent_of_finite_sizes_are_found(content):
    scaling = content.tables["scaling"]
    assert list(scaling["undersampling"]) == [0.3, 0.5, 0.7]
    # Intervals of 95% widened to four standard errors.
    reach = 2 * (scaling["limit_high"] - scaling["limit"])
    assert np.all(np.abs(scaling["limit"] - scaling["theory"]) < reach)
    assert np.all(np.abs(scaling["slope"] + 1.2) < 2 * (scaling["slope_high"] - scaling["slope"]))
    assert np.all(scaling["slope_high"] < 0)
    known = scaling["width_exponent"].notna()
    assert known.any()
    error = np.abs(scaling["width_exponent"] + 0.5)
    assert np.all((error < 2 * (scaling["width_exponent_high"] - scaling["width_exponent"]))[known])
    assert any(sentence.startswith("Finite sizes: extrapolated") for sentence in content.sentences)


def test_two_sizes_are_no_scaling(rows):
    two = told.boundary_table(told._judged(rows[rows["n_latents"] < 300]))
    assert scaling_table(two).empty


def test_cuts_and_bands_show_the_intervals_of_the_tables(content):
    panels = {panel.name: panel for panel in content.panels}
    cut = pd.DataFrame(dict(panels["cuts-signed-200"].data))
    success = content.tables["success"].query("n_latents == 200")
    measured = cut[cut["kind"] == "measured"]
    assert len(measured) == len(success)
    np.testing.assert_allclose(np.sort(measured["low"]), np.sort(success["success_low"]))
    edge = cut[(cut["kind"] == "theory") & (cut["facet"] == "δ = 0.5")].iloc[:, 3]
    assert set(edge) == {float(l1_transition(0.5, "signed"))}
    band = pd.DataFrame(dict(panels["success-200"].data)).query("label == 'measured'")
    boundary = content.tables["boundary"].query("n_latents == 200")
    np.testing.assert_allclose(band["low"], boundary["rho50_low"])
    np.testing.assert_allclose(band["high"], boundary["rho50_high"])
