"""Comparisons with other packages: the clock's bookkeeping, ratios, and contests whose answers are known to agree."""

import json
import time
from dataclasses import replace
from itertools import groupby

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from bench.cli import cli
from bench.compare import CONTESTS, compare
from bench.compare.contest import OURS, Contest, Entrant, hold
from bench.compare.tables import sentence, summary
from bench.errors import UserError


def contest_of(calls, **settings):
    def entrant(name, package, module=""):
        def start(problem):
            calls.append(f"start {name}")
            return lambda problem: calls.append(f"{name} {problem}") or problem

        return Entrant(name, package, start, module)

    everyone = [entrant("a", OURS), entrant("b", "numpy", "numpy"), entrant("c", "spams-bin", "no_such_module")]
    return Contest(
        name="fake",
        title="Fake",
        what="Nothing.",
        problem=lambda seed, quick: seed,
        entrants=lambda n_threads: everyone,
        score=lambda problem, answer: {"right": float(answer == problem)},
        better={"right": "more"},
        **settings,
    )


def test_everyone_has_the_same_problems_each_in_turn_first():
    calls, said = [], []
    runs, missing = hold(contest_of(calls), repeats=2, quick=False, seed=7, say=said.append)
    assert [call for call, _ in groupby(calls)] == ["start a", "a 7", "start b", "b 7", "b 8", "a 8"]
    # A call to warm up; short ones are repeated, a hundred times at most.
    assert [calls.count(call) for call in ("a 7", "a 8", "b 7", "b 8")] == [101, 100, 101, 100]
    assert (runs["n_calls"] == 100).all()
    assert missing == ["spams-bin"]
    assert list(runs["entrant"]) == ["a", "b", "b", "a"]
    assert list(runs["round"]) == [0, 0, 1, 1]
    assert (runs["right"] == 1).all()
    assert (runs["seconds"] >= 0).all()
    assert len(said) == 4
    calls.clear()
    hold(contest_of(calls, warm=False), repeats=1, quick=False, seed=7, say=said.append)
    assert calls == ["start a", "a 7", "start b", "b 7"]


def test_a_calls_seconds_are_the_mean_of_all_that_fill_half_a_second():
    contest = replace(contest_of([]), entrants=lambda n_threads: [Entrant("a", OURS, lambda problem: rest)])
    runs, _ = hold(contest, repeats=1, quick=False, seed=0, say=lambda text: None)
    # Sleeping takes no less than it is told to, so no more calls fill half a second.
    assert 1 <= runs["n_calls"].item() <= 5
    assert runs["seconds"].item() >= 0.1
    assert runs["processor_seconds"].item() < 0.1


def rest(problem):
    time.sleep(0.1)
    return problem


def test_ratios_are_geometric_means_of_pairs():
    ours, theirs = np.array([1.0, 2.0, 1.5]), np.array([3.0, 5.0, 6.0])
    runs = pd.DataFrame(
        {
            "contest": "fake",
            "entrant": ["a"] * 3 + ["slow"] * 3 + ["b"] * 3,
            "package": ["superposed"] * 6 + ["numpy"] * 3,
            "version": "1",
            "round": [0, 1, 2] * 3,
            "seconds": [*ours, *(ours * 10), *theirs],
            "processor_seconds": 1.0,
            "start_seconds": [2.0] * 3 + [0.0] * 3 + [0.5] * 3,
            "right": 1.0,
        }
    )
    contest = contest_of([])
    table = summary(runs, contest).set_index("entrant")
    logs = np.log(theirs / ours)
    low, high = stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs))
    assert table.loc["b", "ratio"] == pytest.approx(np.exp(logs.mean()))
    assert table.loc["b", "ratio_low"] == pytest.approx(np.exp(low))
    assert table.loc["b", "ratio_high"] == pytest.approx(np.exp(high))
    assert table.loc["a", "ratio"] == 1
    assert table.loc["slow", "ratio"] == pytest.approx(10)
    # Medians with what starting took: (5 + .5) / (1.5 + 2).
    assert table.loc["b", "ratio_with_start"] == pytest.approx(5.5 / 3.5)
    text = sentence(table.reset_index(), contest)
    assert text.startswith("Fake: a 1.5 s; b takes 3.11 [1.7, 5.6] times as long (1.57 with starting)")
    assert "right 1 (a), 1 (slow), 1 (b)" in text
    single = summary(runs[runs["round"] == 0], contest).set_index("entrant")
    assert np.isnan(single.loc["b", "ratio_low"])
    assert single.loc["b", "ratio"] == pytest.approx(3)


def test_solvers_agree_and_the_report_says_who_is_missing(tmp_path):
    """Greedy choices are the same in scikit-learn; HiGHS proves the length."""
    pytest.importorskip("sklearn")
    sentences, page = compare(["omp", "basis-pursuit"], quick=True, repeats=1, results=tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "tables" / "summary.csv")
    omp = table[table["contest"] == "omp"]
    assert {"superposed", "scikit-learn"} <= set(omp["package"])
    assert np.ptp(omp["support_f1"]) < 1e-3
    assert omp["support_f1"].min() > 0.9
    lengths = table[table["contest"] == "basis-pursuit"]["mean_l1_norm"]
    assert len(lengths) == 3
    assert np.ptp(lengths) < 1e-5 * lengths.mean()
    assert page.exists()
    made = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert made["contests"] == ["omp", "basis-pursuit"]
    missing = [one for one in sentences if one.startswith("Not installed")]
    assert all("pip install 'superposed[compare]', for other autoencoders" in one for one in missing)
    # An earlier comparison is replaced; anything else is not.
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(UserError, match="holds something else than an earlier comparison"):
        compare(["omp"], quick=True, results=tmp_path / "out")


def test_every_contest_draws_problems_that_its_entrants_could_solve():
    for contest in CONTESTS.values():
        entrants = contest.entrants(2)
        assert sum(one.ours for one in entrants) >= 1
        assert any(not one.ours for one in entrants)
        assert len({one.name for one in entrants}) == len(entrants)
        assert set(contest.better.values()) <= {"more", "less", ""}
    runner = CliRunner()
    listed = runner.invoke(cli, ["compare", "--list"])
    assert [line.split()[0] for line in listed.output.splitlines()] == list(CONTESTS)
    with pytest.raises(UserError, match="no contest 'ompp'; did you mean 'omp'"):
        compare(["ompp"])


@pytest.mark.parametrize("name", ["lasso", "dictionary-learning", "sampling"])
def test_ours_answer_well(name):
    contest = CONTESTS[name]
    problem = contest.problem(0, True)
    entrant = next(one for one in contest.entrants(2) if one.ours)
    scores = contest.score(problem, entrant.start(problem)(problem))
    if name == "lasso":
        assert scores["largest_gap"] < 1.1e-4
    elif name == "dictionary-learning":
        assert scores["found"] >= 0.9
    else:
        # 100,000 samples of 3.1 codes: standard error of the mean .0019.
        assert scores["mean_code_over_density"] == pytest.approx(1, abs=0.008)
