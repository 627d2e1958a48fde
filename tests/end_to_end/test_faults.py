"""Folders that were damaged, and runs that cannot go on: what is complete is kept, and `verify` says what is not."""

import fcntl
import os
import shutil
import subprocess
import sys
import time

import pytest

from bench.cli import main
from bench.run import run_study
from bench.spec import load_spec
from bench.studies import get_study

RUN = ["run", "donoho-tanner"]
SIZES = ["n_latents=20", "undersampling=.5", "sparsity_ratio=.2,.4", "trials=4", "chunk_size=1", "methods=amp"]
SETTINGS = [word for size in SIZES for word in ("--set", size)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "out"
    study = get_study("donoho-tanner")
    run_study(study, load_spec(study, settings=SIZES), folder)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "out")


@pytest.fixture
def call(monkeypatch, capfd):
    """Runs the command in this process; gives exit code, lines of output and of errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["superposed", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        out, err = capfd.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


def shards(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "shards").iterdir())}


def test_a_clock_set_back(call, folder):
    """Files are then from the future, and a run that goes on begins before them: only names and contents count."""
    before = shards(folder)
    later = time.time() + 10 * 365 * 86_400
    for path in sorted((folder / "shards").iterdir())[2:]:
        path.unlink()
    for path in folder.rglob("*"):
        os.utime(path, (later, later))
    code, _, err = call("run", folder)
    assert (code, [line for line in err if "points" not in line]) == (0, [])
    assert shards(folder) == before
    assert call("verify", folder)[0] == 0


def test_a_finished_folder_is_whole(call, folder):
    before = shards(folder)
    assert call("verify", folder) == (0, ["whole: 4 of 4 shards are complete and as they were written"], [])
    assert shards(folder) == before


def test_any_flipped_byte_is_found_and_only_its_chunk_computed_anew(call, folder, finished):
    """Also where no page's checksum covers it: in the footer's text of who wrote the file."""
    victim = sorted((folder / "shards").iterdir())[1]
    data = victim.read_bytes()
    place = data.rindex(b"parquet-cpp")
    victim.write_bytes(data[:place] + b"P" + data[place + 1 :])
    code, out, _ = call("verify", folder)
    assert code == 1
    assert out[0].startswith(f"shard {victim}: it is not what was written: its checksum differs from the manifest's")
    assert out[-1] == "not whole: 3 of 4 shards are complete and as they were written"
    code, _, err = call("run", folder)
    assert code == 0
    assert victim.name in err[0]
    assert shards(folder) == shards(finished)
    assert call("verify", folder)[0] == 0


def test_missing_foreign_and_unrecorded_shards_are_told_apart(call, folder):
    first, second, *_ = sorted((folder / "shards").iterdir())
    first.rename(folder / "shards" / "copy.parquet")
    (folder / "manifest.json").unlink()
    code, out, _ = call("verify", folder)
    assert code == 1
    assert out[0] == f"file {folder / 'shards' / 'copy.parquet'} is no shard of this run"
    assert out[1] == f"not computed yet: 1 of 4 chunks, {first.stem}"
    assert out[2].startswith("no checksum in the manifest: 3 shards")
    second.write_bytes(b"")
    assert call("verify", folder)[1][0] == f"shard {second}: it is truncated, damaged or no Parquet file"


def test_rerun_gives_the_same_bytes_and_says_where_it_does_not(call, folder, finished, tmp_path):
    again = tmp_path / "again"
    assert call("rerun", folder, "--results", again)[:2] == (0, ["the same: 4 of 4 shards are equal to the byte"])
    assert shards(again) == shards(finished)
    # Another run's numbers under this one's names, as a changed program would give them.
    import pyarrow as pa
    import pyarrow.parquet as pq

    victim = sorted((folder / "shards").iterdir())[0]
    table = pq.read_table(victim)
    place = table.column_names.index("relative_error")
    changed = pa.array(table.column(place).to_numpy() + 0.5)
    pq.write_table(table.set_column(place, "relative_error", changed), victim, write_page_checksum=True)
    code, out, _ = call("rerun", folder, "--results", again)
    assert code == 1
    assert out[0].startswith("1 of 4 shards differ")
    assert out[-1] == f"relative_error: {table.num_rows} of {4 * table.num_rows} rows differ, by at most 0.5"


def test_two_runs_in_one_folder(call, folder):
    with (folder / ".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        code, out, err = call("run", folder)
    assert (code, out) == (2, [])
    assert err == [f"superposed: another run is writing to {folder}; wait for it, or choose another folder"]


def test_a_full_disk_loses_the_chunk_in_flight_alone(folder, finished, call):
    """Files may not grow beyond 4 kB: the next shard cannot be written."""
    for path in list((folder / "shards").iterdir())[1:]:
        path.unlink()
    kept = shards(folder)
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); from bench.cli import main; main()"
    )
    command = [sys.executable, "-c", limited, "run", str(folder)]
    environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment)
    assert done.returncode == 2, done.stderr
    assert "cannot write" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert shards(folder) == kept
    assert call("run", folder)[0] == 0
    assert shards(folder) == shards(finished)
