"""Tables of the phase diagram on made-up rows."""

import numpy as np
import pandas as pd
import pytest

from analysis.figures import Curve, Levels, MapFacet, heat_map
from analysis.theory.l1_transition import l1_transition
from bench.studies.donoho_tanner.panels import cut_panels
from bench.studies.donoho_tanner.tables import boundary_table, scaling_table, success_table
from recovery.solution import Status


def rows_around(centre, *, n_latents=200, undersampling=0.5, trials=40):
    """Rows whose success falls from 1 to 0 in a logistic curve around K / M = centre."""
    n_dims = round(undersampling * n_latents)
    records = []
    for n_active in range(round(0.1 * n_dims), round(0.7 * n_dims), 4):
        share = 1 / (1 + np.exp((n_active / n_dims - centre) / 0.02))
        for trial in range(trials):
            recovered = trial < round(share * trials)
            records.append(
                {
                    "method": "made-up",
                    "code_sign": "signed",
                    "n_latents": n_latents,
                    "undersampling": undersampling,
                    "sparsity_ratio": n_active / n_dims,
                    "n_dims": n_dims,
                    "n_active": n_active,
                    "trial": trial,
                    "relative_error": 0.0 if recovered else 1.0,
                    "recovered": recovered,
                    "converged": True,
                    "counted": True,
                    "status": int(Status.CONVERGED),
                    "iterations": 1,
                    "certificate": 0.0,
                }
            )
    return pd.DataFrame.from_records(records)


@pytest.mark.parametrize("shift", [0, 0.003, 0.05, -0.1])
def test_theory_is_rejected_exactly_where_the_interval_leaves_it_out(shift):
    # The interval is the set of boundaries that the likelihood ratio does not reject at 5%.
    theory = float(l1_transition(0.5, "signed"))
    (found,) = boundary_table(rows_around(theory + shift)).to_dict("records")
    assert found["theory"] == theory
    assert (found["theory_p_value"] >= 0.05) == (found["rho50_low"] <= theory <= found["rho50_high"])
    assert (found["theory_p_value"] >= 0.05) == (abs(shift) < 0.01)


def test_scaling_of_a_boundary_that_follows_its_law():
    sizes = np.array([50, 100, 200, 400])
    boundary = pd.DataFrame(
        {
            "method": "made-up",
            "code_sign": "signed",
            "undersampling": 0.5,
            "n_latents": sizes,
            "rho50": 0.38 + 0.9 * sizes ** (-2 / 3),
            "rho50_low": 0.37 + 0.9 * sizes ** (-2 / 3),
            "rho50_high": 0.39 + 0.9 * sizes ** (-2 / 3),
            "theory": 0.3857,
            "width": 0.5 * sizes**-0.5,
            "n_trials": 100,
        }
    )
    (found,) = scaling_table(boundary).to_dict("records")
    assert found["limit"] == pytest.approx(0.38, abs=1e-9)
    assert found["slope"] == pytest.approx(0.9, abs=1e-6)
    assert found["width_power"] == pytest.approx(-0.5, abs=1e-9)
    assert found["law_p_value"] == pytest.approx(1, abs=1e-9)
    assert found["limit_low"] < 0.38 < found["limit_high"]
    assert scaling_table(boundary.head(2)).empty


def test_cuts_hold_every_point_and_theory():
    success = success_table(rows_around(0.4))
    (panel,) = cut_panels(success)
    data = pd.DataFrame(panel.data)
    points = data[data["kind"] == "measured"]
    np.testing.assert_allclose(points["success rate"], success["success_rate"])
    assert (points["low"] <= points["success rate"]).all()
    assert (points["success rate"] <= points["high"]).all()
    edge = data[data["kind"] == "theory"].iloc[:, 3]
    np.testing.assert_allclose(edge.astype(float), float(l1_transition(0.5, "signed")))


def test_a_boundary_on_a_map_has_its_band():
    ends = {"low": np.array([0.2, 0.3]), "high": np.array([0.4, np.inf])}
    curve = Curve("measured", np.array([0.2, 0.8]), np.array([0.3, 0.5]), kind="measured", **ends)
    levels = Levels("x", np.array([0.2, 0.8])), Levels("y", np.array([0.1, 0.5, 0.9]))
    facet = MapFacet("", np.zeros((3, 2)), curves=[curve])
    words = dict.fromkeys(("title", "caption", "alt"), "words")
    panel = heat_map([[facet]], x=levels[0], y=levels[1], value_label="v", name="map", **words)
    data = pd.DataFrame(panel.data)
    drawn = data[data["kind"] == "measured"]
    np.testing.assert_array_equal(drawn["low"].astype(float), ends["low"])
    np.testing.assert_array_equal(drawn["high"].astype(float), ends["high"])
    (band,) = panel.figure.axes[0].collections
    # In cells: .2 and .4 are a quarter and three quarters of the way from the first level to the second.
    corners = band.get_paths()[0].vertices
    np.testing.assert_allclose(corners[np.isclose(corners[:, 0], 0)][:, 1].min(), 0.25)
    np.testing.assert_allclose(corners[np.isclose(corners[:, 0], 0)][:, 1].max(), 0.75)
