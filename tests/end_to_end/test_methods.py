"""Methods of a user's own through the command line."""

import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest

SOLVERS = Path(__file__).parents[1] / "bench" / "solvers.py"
SMALL = [
    "run",
    "donoho-tanner",
    *("--set", "n_latents=30", "--set", "undersampling=.5", "--set", "sparsity_ratio=.1,.6", "--set", "trials=2"),
    *("--set", "methods=basis-pursuit"),
]


@pytest.fixture(scope="module")
def plugged_folder(superposed, tmp_path_factory):
    """A finished run with methods of every origin, and the file that one of them came from."""
    place = tmp_path_factory.mktemp("plugged")
    shutil.copy(SOLVERS, place / "mine.py")
    methods = ["--method", "mine.py:NumpyOmp", "--method", "mine.py:least_squares", "--method", "omp"]
    done = superposed(*SMALL, *methods, "--precision", "float32", "--results", "out", cwd=place)
    assert done.returncode == 0, done.stderr
    return place


def test_a_file_beside_the_studys_own_methods(plugged_folder):
    spec = tomllib.loads((plugged_folder / "out/spec.toml").read_text())
    assert spec["methods"] == ["basis-pursuit", "numpy-omp", "least-squares", "omp"]
    assert spec["precision"] == "float32"
    assert spec["plugins"]["numpy-omp"]["source"] == f"{plugged_folder}/mine.py:NumpyOmp"
    success = pd.read_csv(plugged_folder / "out/tables/success.csv")
    easy = success[success["sparsity_ratio"] == 0.1].set_index(["method", "code_sign"])["n_recovered"]
    # The same algorithm in NumPy and in JAX.
    assert easy["numpy-omp"]["signed"] == easy["omp"]["signed"]
    assert (success.loc[success["method"] == "least-squares", "n_recovered"] == 0).all()


def test_resumed_from_elsewhere_unless_the_file_has_changed(superposed, plugged_folder, tmp_path):
    place = Path(shutil.copytree(plugged_folder, tmp_path / "copy"))
    shard = next((place / "out/shards").glob("*.parquet"))
    shard.unlink()
    done = superposed("run", place / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert shard.read_bytes() == (plugged_folder / "out/shards" / shard.name).read_bytes()
    table = (place / "out/spec.toml").read_text().replace(str(plugged_folder), str(place))
    changed = tmp_path / "changed.toml"
    changed.write_text(table)
    (place / "mine.py").write_text((place / "mine.py").read_text() + "\n# another\n")
    done = superposed("run", changed, "--results", tmp_path / "other")
    assert done.returncode == 2
    assert "numpy-omp" in done.stderr
    assert "has changed since this run began" in done.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("mine.py:Nope", ["has no 'Nope'"]),
        ("gone.py:Nope", ["no such file", "gone.py"]),
        ("mine.py:wrong_shape", ["shape (40, 6)"]),
        ("mine.py:JaxLearner", ["is a learner; study donoho-tanner takes coders only"]),
        ("mine.py:raises_later", ["method raises-later raised ValueError: more samples"]),
        ("fitsa", ["no method 'fitsa'", "did you mean 'fista'"]),
    ],
)
def test_what_cannot_run_is_one_line(refusal, plugged_folder, tmp_path, method, words):
    line = refusal(*SMALL, "--method", method, "--results", tmp_path / "out", cwd=plugged_folder)
    for word in words:
        assert word in line
    assert not list(tmp_path.glob("out/shards/*"))
