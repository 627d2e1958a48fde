"""What is compiled once is read by later processes: the same bytes, whatever has become of what was kept."""

import os
import subprocess
import sys
import time
import zlib

import pytest

from bench import kept_programs

RUN = [
    *(sys.executable, "-m", "bench", "run", "donoho-tanner"),
    *("--set", "n_latents=20", "--set", "undersampling=.5", "--set", "sparsity_ratio=.2,.4", "--set", "trials=4"),
    *("--set", "code_sign=signed", "--set", "methods=basis-pursuit"),
]

ONE_PROGRAM = """
from bench.kept_programs import kept_programs
import jax
with kept_programs():
    jax.jit(lambda x: x + 1)(1.0)
"""


@pytest.fixture
def called(as_users_do, tmp_path):
    """Runs a command with programs kept in `tmp_path`; gives what was said."""

    def call(command, **more):
        environment = {name: value for name, value in as_users_do.items() if not name.startswith("JAX_")}
        environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), **more}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=200, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    return call


@pytest.fixture
def run(called, tmp_path):
    """Runs a study into a new folder; gives the shards and what was said."""

    def call(name):
        said = called([*RUN, "--results", str(tmp_path / name)])
        shards = [path.read_bytes() for path in sorted((tmp_path / name / "shards").glob("[0-9]*.parquet"))]
        assert shards
        return shards, said

    return call


def test_what_was_compiled_is_read_and_damage_compiled_again(run, tmp_path):
    home = tmp_path / "cache" / "superposed" / "programs"
    first, _ = run("first")
    [shelf] = home.iterdir()
    kept = {path.name: path.stat().st_mtime_ns for path in shelf.iterdir()}
    assert len(kept) >= 3
    assert all(name.endswith("-cache") for name in kept)

    second, said_of_second = run("second")
    assert second == first
    # Whatever had been compiled would have been kept as well.
    assert {path.name: path.stat().st_mtime_ns for path in shelf.iterdir()} == kept

    for path in shelf.iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    third, said_of_third = run("third")
    assert third == first
    # Neither what cannot be read is spoken of, nor the features of processors by which jaxlib judges what it reads.
    for text in (said_of_second, said_of_third):
        assert "persistent compilation cache" not in text
        assert "AOT" not in text


def test_a_folder_that_others_write_to_is_not_used(called, tmp_path):
    home = tmp_path / "cache" / "superposed" / "programs"
    home.mkdir(parents=True)
    home.chmod(0o777)
    called([sys.executable, "-c", ONE_PROGRAM])
    assert list(home.iterdir()) == []


def test_whoever_names_a_folder_has_them_there(called, tmp_path):
    settings = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "own"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    called([sys.executable, "-c", ONE_PROGRAM], **settings)
    assert list((tmp_path / "own").glob("*-cache"))
    assert not (tmp_path / "cache" / "superposed").exists()


def test_half_a_program_is_not_given_back(tmp_path):
    """As a full disk leaves it."""
    working = tmp_path / ".of-this"
    working.mkdir()
    program = zlib.compress(bytes(range(256)) * 10)
    for name, content in {"whole": program, "half": program[:50], "nothing": b""}.items():
        (working / f"{name}-cache").write_bytes(content)
    kept_programs._give_back(working)
    assert [path.name for path in tmp_path.glob("*-cache")] == ["whole-cache"]


def test_room_is_made_by_removing_what_was_read_longest_ago(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_programs, "MOST_BYTES", 250)
    shelves = [tmp_path / name for name in ("one", "another")]
    for shelf in shelves:
        shelf.mkdir()
    for age, path in enumerate([shelves[0] / "a-cache", shelves[1] / "b-cache", shelves[0] / "c-cache"]):
        path.write_bytes(bytes(100))
        os.utime(path, (time.time() - age,) * 2)
    abandoned, working = (shelves[0] / f".of-{name}" for name in ("abandoned", "working"))
    for folder in (abandoned, working):
        folder.mkdir()
        (folder / "a-cache").write_bytes(bytes(1000))
    week_ago = time.time() - 8 * 86_400
    os.utime(abandoned, (week_ago, week_ago))
    kept_programs._make_room(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*/*")) == [".of-working", "a-cache", "b-cache"]
