"""The map's guarantees: computed on the very dictionary, and laid beside what is measured."""

from types import SimpleNamespace

import jax
import numpy as np
import pandas as pd
import pytest

from analysis import theory
from bench.spec import load_spec
from bench.studies import get_study
from bench.studies.superposition_map import sentences, tables
from bench.studies.superposition_map.study import N_SUPPORTS
from bench.study import Context

STUDY = get_study("superposition-map")
SIZES = ["n_latents=16", "n_dims=8", "n_train=20", "n_eval=80", "training_steps=3", "trials=2"]


@pytest.fixture(scope="module")
def spec():
    return load_spec(STUDY, settings=[*SIZES, "density=.1", "noise_std=.01,.1"])


@pytest.fixture(scope="module")
def made(spec):
    context = Context(spec.fixed, {"dictionary": "gaussian"})
    return jax.jit(lambda key: STUDY.world(key, context, {"density": 0.1}))(jax.random.key(0))


def test_guarantees_are_those_of_the_worlds_own_dictionary(made):
    dictionary, codes = np.asarray(made.problem.dictionary), np.asarray(made.problem.eval_codes)[:N_SUPPORTS]
    # A random dictionary has unit-norm atoms: all latents are represented.
    supports = [np.flatnonzero(row) for row in codes if np.any(row)]
    met = [theory.exact_recovery_coefficient(dictionary, support) < 1 for support in supports]
    assert made.guarantees["exact_recovery_share"] == pytest.approx(np.mean(met))
    assert 0 < np.mean(met) < 1
    assert made.guarantees["nonnegative_recovery_share"] >= made.guarantees["exact_recovery_share"]
    babel = theory.babel(dictionary)
    assert made.guarantees["babel"] == pytest.approx(babel[2], rel=1e-4)  # .1 of 16 latents, rounded
    assert made.guarantees["babel_before"] == pytest.approx(babel[1], rel=1e-4)


def test_table_and_sentence(spec):
    """Two trials of one cell, with two methods and noise levels: worlds are counted once, the lowest noise is shown."""
    base = {"dictionary": "gaussian", "density": 0.1, "represented_fraction": 1.0, "babel": 0.9, "babel_before": 0.5}
    rows = pd.DataFrame(
        [
            {
                **base,
                "trial": trial,
                "method": method,
                "noise_std": noise,
                "coherence": [0.2, 0.3][trial],
                "exact_recovery_share": [0.2, 0.4][trial],
                "nonnegative_recovery_share": [0.3, 0.5][trial],
            }
            for trial in (0, 1)
            for method in ("lasso", "omp")
            for noise in (0.01, 0.1)
        ]
    )
    cells = pd.DataFrame(
        [
            {**base, "method": method, "noise_std": noise, "metric": "nmse", "mean": mean}
            for method, noise, mean in (("lasso", 0.01, 0.02), ("omp", 0.01, 0.04), ("lasso", 0.1, 0.5))
        ]
    )
    table = tables.guarantee_table(rows, cells, spec)
    (row,) = [SimpleNamespace(**record) for record in table.to_dict("records")]
    assert (row.n_active, row.n_represented) == (2, 16)
    assert row.welch_bound == pytest.approx(np.sqrt(8 / (8 * 15)))
    # (1 + 1/.3) / 2 = 2.17, less than the 3 of the other dictionary.
    assert row.tropp_limit == 2
    assert row.babel_condition == pytest.approx(1.4)
    assert row.exact_recovery_share == pytest.approx(0.3)
    # Student's t with one degree of freedom reaches beyond what a share can be.
    assert (row.exact_recovery_share_low, row.exact_recovery_share_high) == (0, 1)
    assert (row.lasso_nmse, row.omp_nmse) == (0.02, 0.04)
    (text,) = sentences.guarantees(table)
    assert "recovers at 1 of 1 densities; at 0 of these at least half" in text


def test_boundary_is_the_noise_up_to_which_half_of_the_trials_are_recovered(spec):
    """Recovered in (6, 3, 0) of 6 trials at noises a decade apart: one half at the middle one, by symmetry."""
    noises = {0.01: 6, 0.1: 3, 1.0: 0}
    rows = pd.DataFrame(
        [
            {"density": density, "noise_std": noise, "trial": trial, "nmse": 0.01 if trial < n * share else 0.9}
            for density, share in ((0.1, 1), (0.2, 0))
            for noise, n in noises.items()
            for trial in range(6)
        ]
    ).assign(dictionary="gaussian", method="lasso", failed=False)
    # A failed trial and one without noise say nothing.
    rows = pd.concat([rows, rows[:1].assign(failed=True, nmse=0.9), rows[:1].assign(noise_std=0.0, nmse=0.9)])
    table = tables.boundary_table(rows, spec).set_index("density")
    assert table.loc[0.1, "fit"] == "ok"
    assert table.loc[0.1, "noise50"] == pytest.approx(0.1, rel=1e-3)
    assert 0.01 <= table.loc[0.1, "noise50_low"] < 0.1 < table.loc[0.1, "noise50_high"] <= 1
    assert table.loc[0.1, "n_trials"] == 18
    assert (table.loc[0.2, "fit"], table.loc[0.2, "noise50"]) == ("below_range", 0)
    # NMSE of least squares on 1.6 of 16 latents in 8 dimensions.
    power = 1.6 / 3
    floor = float(theory.oracle_floor(8, 1.6, table.loc[0.1, "oracle"]))
    assert floor / power == pytest.approx(tables.RECOVERED)
    (text,) = sentences.boundary(table.reset_index())
    assert "up to noise 0.1 [" in text
    assert "at density 0.1" in text
