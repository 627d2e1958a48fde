"""`superposed diagnose`: its worlds, its calibration, and two files whose verdict is known."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.theory import l1_transition, minimum_samples
from bench.cli import main
from bench.diagnosis.assess import _beyond, position_of, samples_of
from bench.diagnosis.calibration import (
    ESTIMATES,
    RECOVERED,
    Estimate,
    corrected,
    fit_calibration,
    load_calibration,
    predict,
    scores_of,
)
from bench.diagnosis.candidates import CHOSEN, preferred
from bench.diagnosis.measure import leading_axes
from bench.diagnosis.statistics import STATISTICS, model_features
from bench.diagnosis.worlds import N_FRESH, WorldSpec, draw_spec, make_world
from benchmarks.diagnosis import HELD_OUT, LARGER, TABLE

N_ROWS, N_DIMS, N_LATENTS, N_ACTIVE = 800, 16, 24, 2


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(TABLE)


def test_the_calibration_is_what_its_table_gives(table):
    """The file in the package is regenerated to its seven digits."""
    fresh = fit_calibration(
        table[table["held_out"] == 0], table[table["stream"] == HELD_OUT], larger=table[table["stream"] == LARGER]
    )
    shipped = load_calibration()
    assert shipped.n_worlds == fresh.n_worlds
    np.testing.assert_allclose(shipped.probability, fresh.probability, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(shipped.expected, fresh.expected, rtol=1e-3, atol=1e-4)
    for ours, theirs in zip(shipped.held_out, fresh.held_out, strict=True):
        assert ours.probability == pytest.approx(theirs.probability, abs=1e-3)
        assert ours.recovery == pytest.approx(theirs.recovery, rel=1e-5)


def test_forty_held_out_worlds_enter_nothing_but_the_scores(table):
    held_out = table[table["stream"] == HELD_OUT]
    assert len(held_out) == len(load_calibration().held_out) == 40
    columns = ["kind", "n_dims", "n_latents", "n_active", "n_samples", "seed"]
    assert held_out[columns].merge(table.loc[table["held_out"] == 0, columns]).empty


def test_held_out_worlds_are_judged_as_promised(table):
    scores = scores_of(load_calibration().held_out)
    recovery = table.loc[table["stream"] == HELD_OUT, "recovery"]
    assert scores.n_clear == np.count_nonzero((recovery > 0.9) | (recovery < 0.5))
    assert scores.n_right >= 0.9 * scores.n_clear
    assert scores.n_uncertain_clear < 0.3 * scores.n_clear
    # 1/4 is what saying 1/2 always comes to.
    assert scores.brier < 0.1
    # Both kinds of worlds are there, or the scores say nothing.
    assert 0.2 < np.mean(recovery > RECOVERED) < 0.8


def test_larger_worlds_enter_nothing_but_their_scores(table):
    larger = table[table["stream"] == LARGER]
    assert len(larger) == len(load_calibration().larger) == 20
    assert larger["n_dims"].min() > table.loc[table["stream"] != LARGER, "n_dims"].max()
    scores = scores_of(load_calibration().larger)
    assert scores.n_right >= 0.9 * scores.n_clear
    assert scores.n_wrong == 0


def test_what_is_known_of_a_size_is_said():
    calibration = load_calibration()

    def said(n_samples, n_dims, whole=None):
        found = SimpleNamespace(n_dims=n_dims, n_samples=n_samples)
        return _beyond(found, whole or n_dims, calibration)

    assert said(1000, 32) == []
    assert "on 20 others of up to 96 and 10000 its verdict was right in 19 of 20 clear cases" in said(10_000, 64)[0]
    assert "here it is carried over to 64 and 20000" in said(20_000, 64)[0]
    assert said(1000, 96, whole=512)[0].startswith("Of 512 dimensions the 96 leading principal axes were used")


def test_more_of_any_statistic_speaks_for_recovery():
    calibration = load_calibration()
    middling = {"halves": 0.7, "seeds": 0.7, "gain": 0.1, "surrogate": 0.1, "codes": 0.7, "twin": 0.7, "ceiling": 0.75}
    before = predict(calibration, middling)
    assert before.low <= before.expected <= before.high
    assert before.probability_low <= before.probability <= before.probability_high
    for name in STATISTICS:
        better = predict(calibration, {**middling, name: middling[name] + 0.2})
        assert better.probability >= before.probability
        assert better.expected >= before.expected
    # A statistic that is nan (a twin of nothing) counts as the worst.
    assert np.all(np.isfinite(model_features({**middling, "twin": np.nan})))


def test_estimates_are_moved_by_what_worlds_showed():
    calibration = load_calibration()
    for name in ESTIMATES:
        sure, unsure = (corrected(calibration, name, 10.0, p) for p in (0.9, 0.1))
        assert sure.low <= sure.estimate <= sure.high
        assert sure.high / sure.low < unsure.high / unsure.low


def test_the_side_of_the_transition():
    rho = float(l1_transition(0.5, "signed"))
    for factor, below in ((0.9, True), (1.1, False)):
        estimates = {"atoms": Estimate(40, 30, 50), "active": Estimate(*[20 * rho * factor] * 3)}
        found = position_of(20, estimates, nonnegative=False)
        assert found.transition == pytest.approx(rho)
        assert (found.undersampling, found.below_transition) == (0.5, below)


def test_needed_samples_are_read_off_the_curve():
    estimates = {"atoms": Estimate(64, 60, 70), "active": Estimate(4, 3, 5)}
    found = samples_of(32, estimates, [(500, 0.5), (1000, 0.8), (2000, 1.0)])
    assert found.counting_bound == minimum_samples(64, 32, 4)
    # Half way from .8 to 1 on a logarithmic axis.
    assert (found.needed, found.relation) == (round(1000 * 2**0.5), "about")
    assert (found.too_few, found.enough) == (1000, 2000)
    assert (found.counting_low, found.counting_high) == (minimum_samples(60, 32, 3), minimum_samples(70, 32, 5))
    assert samples_of(32, estimates, [(500, 0.95)]).relation == "at most"
    assert samples_of(32, estimates, [(500, 0.5), (1000, 0.8)]).relation == "more than"
    assert samples_of(32, {**estimates, "active": Estimate(40, 3, 50)}, []).counting_bound is None


def test_another_learner_is_preferred_only_where_it_is_clearly_better():
    rng = np.random.default_rng(0)
    ours = 1 + rng.random(100)
    assert preferred({CHOSEN: ours, "other": ours - 0.1}) == "other"
    assert preferred({CHOSEN: ours, "other": rng.permutation(ours) - 0.01}) == CHOSEN


def test_wide_data_are_turned_onto_their_strongest_axes():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((10, 3)))[0]
    y = (rng.standard_normal((50, 3)) @ axes.T + 1e-3 * rng.standard_normal((50, 10))).astype(np.float32)
    reduced, kept = leading_axes(y, 3)
    assert reduced.shape == (50, 3)
    assert kept == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(reduced @ reduced.T, y @ y.T, atol=0.05)
    assert leading_axes(y, 10)[0] is y


@pytest.mark.parametrize("kind", ["exact", "bernoulli", "zipf", "gaussian"])
def test_worlds_are_what_they_say(kind):
    magnitude = {"zipf": "normal(1, 0.2)", "gaussian": "gaussian"}.get(kind, "uniform")
    n_active = 24.0 if kind == "gaussian" else 3.0
    world = make_world(WorldSpec(kind, 16, 24, n_active, 250, kind != "gaussian", magnitude, 0.1, seed=1))
    codes = np.asarray(world.codes)
    assert world.observations.shape == (250, 16)
    assert codes.shape == (N_FRESH, 24)
    np.testing.assert_allclose(np.linalg.norm(world.dictionary, axis=0), 1, rtol=1e-5)
    # 2000 samples with a variance of the count below 3: a standard error of .04.
    assert np.mean(np.sum(codes != 0, axis=1)) == pytest.approx(n_active, abs=0.16)
    left = np.asarray(world.fresh) - codes @ np.asarray(world.dictionary).T
    assert left.std() == pytest.approx(world.noise_std, rel=0.03)
    assert left.std() / (codes @ np.asarray(world.dictionary).T).std() == pytest.approx(0.1, rel=0.3)


def test_specs_of_worlds_depend_on_their_seed_alone():
    first, second = (draw_spec(np.random.default_rng(7), 1) for _ in range(2))
    assert first == second
    assert first != draw_spec(np.random.default_rng(8), 1)


def _sparse():
    rng = np.random.default_rng(3)
    atoms = rng.standard_normal((N_DIMS, N_LATENTS))
    atoms /= np.linalg.norm(atoms, axis=0)
    codes = np.zeros((N_ROWS, N_LATENTS))
    for row in codes:
        row[rng.choice(N_LATENTS, N_ACTIVE, replace=False)] = rng.choice([-1, 1], N_ACTIVE) * (
            0.5 + rng.random(N_ACTIVE)
        )
    return codes @ atoms.T + 0.02 * rng.standard_normal((N_ROWS, N_DIMS))


def _gaussian():
    """Of the same covariance, in expectation, as a mixture of as many dense latents."""
    rng = np.random.default_rng(4)
    return rng.standard_normal((N_ROWS, N_LATENTS)) @ rng.standard_normal((N_LATENTS, N_DIMS))


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Runs the command in an empty folder; gives exit code, output and error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["superposed", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_sparse_activations_are_a_go_and_what_is_estimated_is_true(call, tmp_path):
    np.save("sparse.npy", _sparse().astype(np.float32))
    code, out, err = call("diagnose", "sparse.npy")
    assert code == 0, err
    first, *_, report = out.splitlines()
    assert (first, report) == ("verdict: go", "report: runs/diagnose-sparse/report.html")
    folder = tmp_path / "runs" / "diagnose-sparse"
    found = json.loads((folder / "diagnosis.json").read_text())
    for name, truth in (("n_atoms", N_LATENTS), ("n_active", N_ACTIVE), ("noise_std", 0.02)):
        assert found[name]["low"] <= truth <= found[name]["high"], (name, found[name])
    assert found["code_sign"] == "signed"
    assert found["prediction"]["probability"] >= 0.7
    assert found["gain"]["low"] > 0
    assert found["position"]["below_transition"]
    assert found["samples"]["counting_bound"] < N_ROWS
    assert f"decompose sparse.npy --method {found['method']} --n-atoms" in out
    page = (folder / "report.html").read_text()
    assert "Verdict: go." in page
    assert {path.stem for path in folder.glob("figures/*.svg")} >= {"phase-diagram", "predicted-measured", "samples"}
    # Drawn again from the record alone it is the same page.
    code, again, err = call("report", folder)
    assert (code, err) == (0, "")
    assert again.splitlines()[0] == first
    assert (folder / "report.html").read_text() == page


def test_gaussian_activations_are_a_no_go(call, tmp_path):
    np.save("gaussian.npy", _gaussian().astype(np.float32))
    code, out, err = call("diagnose", "gaussian.npy", "--results", "out")
    assert code == 0, err
    assert out.startswith("verdict: no-go\n")
    assert "next:" not in out
    found = json.loads((tmp_path / "out" / "diagnosis.json").read_text())
    assert found["prediction"]["probability"] <= 0.3
    assert found["gain"]["estimate"] < 0.1
    assert (found["method"], found["samples"]["needed"]) == (None, None)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.ones((99, 3)), "too few rows: 99, where 100 are the least"),
        (np.ones((100, 3)), "3 constant columns (0, 1, 2)"),
    ],
)
def test_refusals_are_one_line_and_write_nothing(call, tmp_path, array, words):
    np.save("y.npy", array)
    code, out, err = call("diagnose", "y.npy")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert [path.name for path in tmp_path.iterdir()] == ["y.npy"]
