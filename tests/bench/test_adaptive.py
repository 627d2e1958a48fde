"""Adaptive runs: rounds follow from the rows, resume to the same bytes, and measure what the grid would."""

import numpy as np
import pandas as pd
import pytest

from bench.draw import draw_report, read_results
from bench.errors import UserError
from bench.run import run_study
from bench.spec import load_spec
from bench.store import chunks_of, read_store
from bench.studies import get_study
from bench.verify import verify

STUDY = get_study("donoho-tanner")
SMALL = ["n_latents=40", "undersampling=0.5", "code_sign=signed", "methods=basis-pursuit", "trials=10"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("adaptive") / "out"
    run_study(STUDY, load_spec(STUDY, settings=SMALL, adaptive=0.03), folder)
    return folder


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "shards").iterdir()}


def test_rounds_go_where_the_boundary_is(folder):
    content, page = draw_report(folder)
    boundary = content.tables["boundary"].iloc[0]
    assert (boundary["rho50_high"] - boundary["rho50_low"]) / 2 <= 0.03
    assert content.sentences[0].startswith("Adaptive: 1 of 1 boundaries are located to 0.03")
    assert {panel.name for panel in content.panels} == {"boundary", "cuts-40"}
    assert page.exists()
    rows = read_results(folder)[1].rows
    # Two worlds at ten levels, two at five, two at five, then ten at five.
    counts = rows.groupby("trial").size()
    assert list(counts[:6]) == [10, 10, 5, 5, 5, 5]
    assert set(counts[6:]) == {5}
    # In the end trials are at the five ratios around the boundary.
    last = rows[rows["trial"] == rows["trial"].max()]["sparsity_ratio"]
    assert last.between(boundary["rho50"] - 0.15, boundary["rho50"] + 0.15).all()
    # Levels are K / M with M = 20.
    first = rows[rows["trial"] >= 2]["sparsity_ratio"] * 20
    np.testing.assert_allclose(first, first.round(), atol=1e-9)


def test_resumes_to_the_same_bytes_and_is_whole_only_at_the_end(folder, tmp_path):
    spec = load_spec(STUDY, settings=SMALL, adaptive=0.03)
    whole = bytes_of(folder)
    assert verify(folder).whole
    run_study(STUDY, spec, tmp_path / "again")
    assert bytes_of(tmp_path / "again") == whole
    # All but the first round is lost, as by a kill, and one shard of it is damaged.
    for name in sorted(whole)[2:]:
        (tmp_path / "again" / "shards" / name).unlink()
    (tmp_path / "again" / "shards" / min(whole)).write_bytes(b"PAR1")
    assert not verify(tmp_path / "again").whole
    run_study(STUDY, spec, tmp_path / "again")
    assert bytes_of(tmp_path / "again") == whole
    store, study, spec = read_store(folder)
    assert [chunk.name for chunk in chunks_of(store, study, spec)] == [name[:-8] for name in sorted(whole)]


def test_numbers_are_those_of_the_grid(folder, tmp_path):
    grid = load_spec(STUDY, settings=[*SMALL, "trials=2", "sparsity_ratio=0.05,0.15,0.25,0.35,0.5"])
    run_study(STUDY, grid, tmp_path / "grid")
    keys = ["sparsity_ratio", "trial"]
    both = pd.merge(
        read_results(tmp_path / "grid")[1].rows, read_results(folder)[1].rows, on=keys, suffixes=("", "_adaptive")
    )
    assert len(both) >= 4
    assert list(both["n_active"]) == list(both["n_active_adaptive"])
    np.testing.assert_allclose(both["relative_error"], both["relative_error_adaptive"], rtol=1e-5, atol=1e-6)


def test_other_studies_and_widths_are_refused():
    with pytest.raises(UserError, match="adaptive: study recovery-zoo has no boundary to look for"):
        load_spec(get_study("recovery-zoo"), adaptive=0.01)
    for bad in (0.0, -1.0, 1.5):
        with pytest.raises(UserError, match=f"adaptive is {bad}; it must be above 0 and below 1"):
            load_spec(STUDY, adaptive=bad)


def test_a_curve_that_never_crosses_one_half_is_given_up(tmp_path):
    settings = [*SMALL, "sparsity_ratio=0.05,0.1", "undersampling=1.0", "n_latents=20"]
    run_study(STUDY, load_spec(STUDY, settings=settings, adaptive=0.03), tmp_path / "out")
    content, _ = draw_report(tmp_path / "out")
    assert verify(tmp_path / "out").whole
    assert content.sentences
