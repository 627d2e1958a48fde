"""`superposed validate` and `superposed new-solver` through the command line."""

import json
from pathlib import Path

import pandas as pd
import pytest

SOLVERS = Path(__file__).parents[1] / "bench" / "solvers.py"


def test_a_new_coder_is_written_and_passes(superposed, tmp_path):
    done = superposed("new-solver", "my_coder", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "superposed validate my_coder.py:MyCoder --quick" in done.stdout
    before = (tmp_path / "my_coder.py").read_text()
    again = superposed("new-solver", "my_coder", "--learner", cwd=tmp_path)
    assert again.returncode == 2
    assert "my_coder.py exists already" in again.stderr
    assert (tmp_path / "my_coder.py").read_text() == before

    done = superposed("validate", "my_coder.py:MyCoder", "--quick", cwd=tmp_path, hasty=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "verdict: pass\nreport: runs/validate-my-coder/report.html\n"
    assert "10/10 speed" in done.stderr
    folder = tmp_path / "runs" / "validate-my-coder"
    verdict = json.loads((folder / "verdict.json").read_text())
    assert (verdict["method"], verdict["kind"], verdict["passed"], verdict["quick"]) == (
        "my-coder",
        "coder",
        True,
        True,
    )
    assert verdict["source"] == f"{tmp_path}/my_coder.py:MyCoder"
    assert {"jax", "superposed"} <= set(verdict["versions"])
    table = pd.read_csv(folder / "tables" / "checks.csv")
    assert list(table["name"]) == [check["name"] for check in verdict["checks"]]
    assert set(table["outcome"]) == {"pass", "not applicable"}
    assert len(list(folder.glob("figures/*.svg"))) == 2
    assert "What failed" in (folder / "report.html").read_text()
    assert not list((tmp_path / "runs").glob(".*"))
    redrawn = superposed("report", "runs/validate-my-coder", cwd=tmp_path)
    assert redrawn.returncode == 2
    assert "holds a validation; its report is drawn by `superposed validate` alone" in redrawn.stderr


def test_a_new_learner_passes_and_one_that_learns_nothing_fails(superposed, tmp_path):
    assert superposed("new-solver", "my_learner", "--learner", cwd=tmp_path).returncode == 0
    done = superposed("validate", "my_learner.py:MyLearner", "--quick", "--results", "out", cwd=tmp_path, hasty=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "out" / "verdict.json").read_text())["kind"] == "learner"
    # An earlier validation is replaced.
    done = superposed(
        "validate", f"{SOLVERS}:random_dictionary", "--quick", "--results", "out", cwd=tmp_path, hasty=True
    )
    assert done.returncode == 1, done.stderr
    *failed, verdict, report = done.stdout.splitlines()
    assert [line.split(":")[1] for line in failed] == [" recovery of the dictionary", " codes of fresh samples"]
    assert verdict.startswith("verdict: fail (2 of ")
    assert report == "report: out/report.html"
    verdict = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert (verdict["method"], verdict["passed"]) == ("random-dictionary", False)


def test_a_broken_contract_leaves_nothing(superposed, tmp_path):
    done = superposed("validate", f"{SOLVERS}:raises_later", "--quick", cwd=tmp_path, hasty=True)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "method raises-later raised ValueError: more samples" in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["validate", "absent.py:Name"], ["no such file", "absent.py"]),
        (["validate", f"{SOLVERS}:wrong_shape"], ["shape (40, 6)"]),
        (["validate", f"{SOLVERS}:raises_in_jax"], ["method raises-in-jax raised ValueError: more samples"]),
        (["validate", "fitsa"], ["did you mean 'fista'"]),
        (["validate", "fista", "--seed", "-1"], ["seed"]),
        (["validate", "fista", "--precision", "float16"], ["float32"]),
        (["new-solver", "1st"], ["'1st' is no name"]),
        (["new-solver", "omp"], ["omp is a built-in method"]),
    ],
)
def test_what_is_refused_is_one_line_and_leaves_nothing(arguments, words, refusal, tmp_path):
    line = refusal(*arguments)
    for word in words:
        assert word in line
    assert list(tmp_path.iterdir()) == []


def test_another_folder_is_left_alone(refusal, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place, word in (("mine", "holds something else"), ("file", "is no folder"), ("file/out", "cannot write")):
        assert word in refusal("validate", "fista", "--results", place)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "mine", "thesis.tex"]
