"""Runs, reports, exports, refusals and recoveries through the command line."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

DONOHO = [
    "run",
    "donoho-tanner",
    *("--set", "n_latents=40", "--set", "undersampling=.4,.7", "--set", "sparsity_ratio=.1,.3,.5,.7,.9"),
    *("--set", "trials=4", "--set", "chunk_size=2", "--set", "amp_iterations=200"),
]

MAP = [
    "run",
    "superposition-map",
    *("--set", "n_latents=12", "--set", "n_dims=5", "--set", "density=.05,.2", "--set", "noise_std=.01,.1"),
    *("--set", "trials=2", "--set", "n_train=100", "--set", "n_eval=60", "--set", "training_steps=100"),
    *("--set", "sae_steps=50"),
]


@pytest.fixture(scope="session")
def donoho_folder(superposed, tmp_path_factory):
    """A finished small run of donoho-tanner, not to be changed."""
    folder = tmp_path_factory.mktemp("donoho") / "out"
    done = superposed(*DONOHO, "--results", folder)
    assert done.returncode == 0, done.stderr
    assert "basis-pursuit: 80 converged, 0 max_iterations, 0 non_finite" in done.stdout
    assert done.stdout.rstrip().endswith(f"report: {folder}/report.html")
    return folder


@pytest.fixture(scope="session")
def map_folder(superposed, tmp_path_factory):
    """A finished small run of superposition-map, not to be changed."""
    folder = tmp_path_factory.mktemp("map") / "out"
    done = superposed(*MAP, "--results", folder, hasty=True)
    assert done.returncode == 0, done.stderr
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def copy(folder, tmp_path):
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def refused(done, *words):
    """One line on stderr, exit code 2, no traceback."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    line = done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    for word in words:
        assert str(word) in line, line


def test_a_folder_holds_what_the_readme_says(donoho_folder):
    for name in ("spec.toml", "manifest.json", "report.html", "tables/boundary.csv", "figures/boundary.svg"):
        assert (donoho_folder / name).is_file()
    assert (donoho_folder / "figures/boundary.png").is_file()
    assert len(list((donoho_folder / "shards").glob("*.parquet"))) == 4
    boundary = pd.read_csv(donoho_folder / "tables/boundary.csv")
    columns = ["method", "code_sign", "undersampling", "rho50", "rho50_low", "rho50_high", "theory"]
    assert list(boundary.columns[:7]) == columns
    assert len(boundary) == 2 * 2 * 2
    p_values = boundary[["theory_p_value", "theory_p_value_holm"]].dropna()
    assert (p_values["theory_p_value_holm"] >= p_values["theory_p_value"]).all()
    # Theory's values for delta = .4 (theory check table: between .25 and .5) bracket the signed transition.
    signed = boundary[(boundary["code_sign"] == "signed") & (boundary["undersampling"] == 0.4)]["theory"]
    assert signed.between(0.26738, 0.38569).all()


def test_the_map_lays_guarantees_beside_what_is_measured(map_folder):
    table = pd.read_csv(map_folder / "tables/guarantees.csv")
    assert len(table) == 2 * 2
    assert (table["coherence"] >= table["welch_bound"] - 1e-6).all()
    shares = table["exact_recovery_share"].dropna()
    assert shares.between(0, 1).all()
    assert (shares <= table["nonnegative_recovery_share"][shares.index]).all()
    assert {"tropp_limit", "babel", "babel_condition", "lasso_nmse", "omp_nmse"} <= set(table.columns)


def test_the_map_has_every_cell_with_interval_chance_and_counts(map_folder):
    cells = pd.read_csv(map_folder / "tables/cells.csv")
    assert {"mean", "low", "high", "chance", "n_trials", "n_failures"} <= set(cells.columns)
    nmse = cells[cells["metric"] == "nmse"]
    assert len(nmse) == 2 * 2 * 2 * 6
    assert (nmse["n_trials"] == 2).all()
    assert nmse["chance"].notna().all()
    kept = nmse[nmse["n_failures"] == 0]
    assert (kept["low"] <= kept["mean"]).all()
    assert (kept["mean"] <= kept["high"]).all()
    assert (map_folder / "tables/theory.csv").is_file()


def test_export_gives_every_row(superposed, donoho_folder, tmp_path):
    for form, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        file = tmp_path / f"rows.{form}"
        done = superposed("export", donoho_folder, "--format", form, "--output", file)
        assert done.returncode == 0, done.stderr
        rows = read(file)
        assert len(rows) == 2 * 4 * 5 * 2 * 2
        assert {"relative_error", "status", "iterations", "certificate", "trial"} <= set(rows.columns)


def test_list_names_everything(superposed):
    out = superposed("list").stdout
    for name in ("superposition-map", "donoho-tanner", "basis-pursuit", "topk-sae"):
        assert name in out


def test_a_finished_run_does_nothing_again(superposed, donoho_folder, tmp_path):
    folder = copy(donoho_folder, tmp_path)
    before = {p.name: p.stat().st_mtime_ns for p in (folder / "shards").iterdir()}
    assert superposed(*DONOHO, "--results", folder).returncode == 0
    assert {p.name: p.stat().st_mtime_ns for p in (folder / "shards").iterdir()} == before
    assert contents(folder / "tables") == contents(donoho_folder / "tables")


def stopped(folder, number, environment):
    """Run DONOHO, send the signal when the first shard is there; gives the exit code and standard error."""
    command = [sys.executable, "-m", "bench", *DONOHO, "--results", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 200
    while not list(folder.glob("shards/[0-9]*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=100)
    return process.returncode, err


def test_sigkill_then_the_same_command(superposed, as_users_do, donoho_folder, tmp_path):
    folder = tmp_path / "out"
    assert stopped(folder, signal.SIGKILL, as_users_do)[0] == -signal.SIGKILL
    kept = list(folder.glob("shards/[0-9]*.parquet"))
    assert 1 <= len(kept) < 4
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in kept}
    done = superposed(*DONOHO, "--results", folder)
    assert done.returncode == 0, done.stderr
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in kept} == before
    assert contents(folder / "tables") == contents(donoho_folder / "tables")


def test_interrupted_then_resumed_by_folder(superposed, as_users_do, donoho_folder, tmp_path):
    folder = tmp_path / "out"
    code, err = stopped(folder, signal.SIGINT, as_users_do)
    assert code == 130, (err, [path.name for path in folder.iterdir()])
    assert "Traceback" not in err
    assert str(folder) in err.splitlines()[-1]
    assert superposed("run", folder).returncode == 0
    assert contents(folder / "tables") == contents(donoho_folder / "tables")


def test_damaged_shards_are_named_and_only_their_chunks_redone(superposed, donoho_folder, tmp_path):
    """One truncated, one another's, one with a flipped byte; the fourth stays as it is."""
    folder = copy(donoho_folder, tmp_path)
    whole, *victims = sorted((folder / "shards").iterdir())
    truncated, foreign, flipped = victims
    truncated.write_bytes(truncated.read_bytes()[:2000])
    shutil.copy(whole, foreign)
    data, file = flipped.read_bytes(), pq.ParquetFile(flipped)
    column = file.metadata.row_group(0).column(file.schema_arrow.get_field_index("relative_error"))
    middle = column.data_page_offset + column.total_compressed_size // 2
    flipped.write_bytes(data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :])
    refused(superposed("report", folder), truncated.name, f"superposed run {folder}")
    before = whole.stat().st_mtime_ns
    done = superposed(*DONOHO, "--results", folder)
    assert done.returncode == 0, done.stderr
    for victim, said in ((truncated, "truncated"), (foreign, "another run"), (flipped, "damaged")):
        assert any(victim.name in line and said in line for line in done.stderr.splitlines()), done.stderr
    assert whole.stat().st_mtime_ns == before
    assert {path.name for path in (folder / "rejected").iterdir()} == {path.name for path in victims}
    assert contents(folder / "tables") == contents(donoho_folder / "tables")


def test_chunk_size_changes_no_number(superposed, donoho_folder, tmp_path):
    # Solves of one world are batched alike whatever the chunk, so that the rows agree to rounding of the last digits.
    folder = tmp_path / "out"
    assert superposed(*DONOHO, "--set", "chunk_size=3", "--results", folder).returncode == 0
    files = []
    for i, one in enumerate((donoho_folder, folder)):
        file = tmp_path / f"{i}.parquet"
        assert superposed("export", one, "--format", "parquet", "--output", file).returncode == 0
        by = ["undersampling", "code_sign", "sparsity_ratio", "method", "trial"]
        files.append(pd.read_parquet(file).sort_values(by, ignore_index=True))
    pd.testing.assert_frame_equal(*files, rtol=1e-6, atol=1e-8)


def test_an_incomplete_folder_can_be_reported(superposed, donoho_folder, tmp_path):
    folder = copy(donoho_folder, tmp_path)
    sorted((folder / "shards").iterdir())[-1].unlink()
    done = superposed("report", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Incomplete: 1 chunk")


def test_another_spec_is_refused(refusal, donoho_folder):
    before = contents(donoho_folder / "shards")
    line = refusal(*DONOHO, "--set", "trials=5", "--results", donoho_folder)
    assert str(donoho_folder) in line
    assert "trials is 4 there and 5 here" in line
    assert contents(donoho_folder / "shards") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "absent.toml"], ["absent.toml"]),
        (["run", "donoho-tanner", "--set", "undersamplin=.5"], ["undersampling"]),
        (["run", "donoho-tanner", "--set", "undersampling=nan"], ["undersampling", "finite"]),
        (["run", "donoho-tanner", "--set", "trials=-1"], ["trials", "at least 1"]),
        (["run", "donoho-tanner", "--set", "methods=lassso"], ["methods", "amp"]),
        (["run", "donoho-tanner", "--set", "sparsity_ratio=1.5"], ["sparsity_ratio"]),
        (["run", "donoho-tanner", "--preset", "fast"], ["quick"]),
        (["run", "donoho-tanner", "--seed", "x"], ["seed"]),
        (["run", "superposition-map", "--set", "n_dims=64"], ["n_dims", "n_latents"]),
        (["report", "absent"], ["absent"]),
        (["export", "absent", "--format", "csv"], ["absent"]),
        (["export", "absent", "--format", "xlsx"], ["csv"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(refusal, arguments, words, tmp_path):
    line = refusal(*arguments)
    for word in words:
        assert word in line
    assert list(tmp_path.iterdir()) == []


def test_bad_input_to_the_command_itself(superposed, tmp_path):
    refused(superposed("run", "donoho-taner", cwd=tmp_path), "donoho-tanner")


def test_a_folder_that_cannot_be_written(refusal, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for folder, named in ((file / "out", file), (file, file), (tmp_path, tmp_path)):
        assert str(named) in refusal(*DONOHO, "--results", folder)
    assert file.read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_more_memory_than_there_is(tmp_path):
    sizes = ["--set", "n_latents=100000", "--set", "undersampling=1", "--set", "sparsity_ratio=.1", "--set", "trials=1"]
    # 10^10 entries of eight bytes each; the limit makes the refusal certain whatever the machine.
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**34, 2**34)); from bench.cli import main; main()"
    )
    command = [sys.executable, "-c", limited, "run", "donoho-tanner", *sizes, "--results", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    refused(done, "out of memory", "n_latents 100000")


@pytest.mark.parametrize("kind", ["donoho_folder", "map_folder"])
def test_the_report_in_a_browser(kind, open_page, request):
    expect = pytest.importorskip("playwright.sync_api").expect
    page = open_page(request.getfixturevalue(kind) / "report.html")
    mark = page.locator('.picture svg [id$="-c0-0-0-0"]').first
    mark.scroll_into_view_if_needed()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    mark.hover()
    expect(page.locator("#tip")).to_be_visible()
    expect(page.locator("#tip")).to_have_text(re.compile(r"(recovered|NMSE) .*\[-?\d"))
