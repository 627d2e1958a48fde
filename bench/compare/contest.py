"""What is run against what, and by which clock."""

import gc
import importlib
import importlib.metadata
import importlib.util
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.cores import usable_cores
from bench.errors import UserError

OURS = "superposed"

_PAUSE = 0.2
"""Seconds before each run: threads of the one before spin for a while, waiting for more."""

_LEAST = 0.5
"""Seconds that a run takes at least, by repeated calls, as in `timeit`: the first call after a pause finds threads
asleep, and sometimes on one core, where a call of 40 ms takes up to 30 more."""
_MOST_CALLS = 100


@dataclass(frozen=True)
class Entrant:
    """A way to solve a contest's problems.

    `start(problem)` readies it for problems of that shape (imports, compilation) and returns the function that is
    timed; it takes a problem, and returns when all of the answer is there. `package` is what has to be installed,
    `module` its importable name.
    """

    name: str
    package: str
    start: Callable[[Any], Callable[[Any], Any]]
    module: str = ""

    @property
    def ours(self) -> bool:
        return self.package == OURS

    @property
    def version(self) -> str | None:
        """Of the installed package; None where it is not."""
        if self.module and importlib.util.find_spec(self.module) is None:
            return None
        return importlib.metadata.version(self.package)


@dataclass(frozen=True)
class Contest:
    """Problems, who solves them, and what an answer is worth.

    `problem(seed, quick)` draws one, in NumPy. `score(problem, answer)` gives numbers by name, computed apart from the
    clock; `better` says of each whether "more" or "less" is better, or "" where it is only said. Without `warm` nobody
    is given a call before the clock starts, nor more than one: the work is long, and what starting costs belongs to it.
    """

    name: str
    title: str
    what: str
    problem: Callable[[int, bool], Any]
    entrants: Callable[[int], Sequence[Entrant]]
    score: Callable[[Any, Any], dict[str, float]]
    better: dict[str, str]
    repeats: int = 5
    warm: bool = True


def peer(module: str) -> Any:
    """Another package, imported when an entrant of it starts."""
    return importlib.import_module(module)


def hold(
    contest: Contest, *, repeats: int | None, quick: bool, seed: int, say: Callable[[str], None]
) -> tuple[pd.DataFrame, list[str]]:
    """All runs, a row each, and the packages that are missing.

    In every round there is another problem, which all entrants solve in turn; who begins changes from round to round.
    `start_seconds` is what an entrant took to get ready, once, and is repeated in its rows. `seconds` and
    `processor_seconds` are a call's, the mean of `n_calls`: the warm-up says how many fill half a second.
    """
    entrants = list(contest.entrants(usable_cores()))
    missing = sorted({one.package for one in entrants if one.version is None})
    entrants = [one for one in entrants if one.version is not None]
    running: dict[str, tuple[Callable[[Any], Any], float, int]] = {}
    rows = []
    for number in range(repeats or (2 if quick else contest.repeats)):
        problem = contest.problem(seed + number, quick)
        place = number % len(entrants)
        for entrant in [*entrants[place:], *entrants[:place]]:
            if entrant.name not in running:
                begin = time.perf_counter()
                solve = _started(entrant, problem)
                start_seconds = time.perf_counter() - begin
                running[entrant.name] = solve, start_seconds, _calls(solve, problem) if contest.warm else 1
            solve, start_seconds, n_calls = running[entrant.name]
            gc.collect()
            time.sleep(_PAUSE)
            begin, processor = time.perf_counter(), time.process_time()
            with warnings.catch_warnings():
                # What is not solved to the end is seen in its score.
                warnings.simplefilter("ignore")
                for _ in range(n_calls - 1):
                    solve(problem)
                answer = solve(problem)
            seconds = (time.perf_counter() - begin) / n_calls
            processor = (time.process_time() - processor) / n_calls
            scores = contest.score(problem, answer)
            say(f"{contest.name}, round {number + 1}: {entrant.name} {seconds:.3g} s")
            rows.append(
                {
                    "contest": contest.name,
                    "entrant": entrant.name,
                    "package": entrant.package,
                    "version": entrant.version,
                    "round": number,
                    "seconds": seconds,
                    "processor_seconds": processor,
                    "start_seconds": start_seconds,
                    "n_calls": n_calls,
                    **scores,
                }
            )
    return pd.DataFrame.from_records(rows), missing


def _calls(solve: Callable[[Any], Any], problem: Any) -> int:
    """Warms up, and says how many calls fill `_LEAST`."""
    begin = time.perf_counter()
    solve(problem)
    return math.ceil(_LEAST / max(time.perf_counter() - begin, _LEAST / _MOST_CALLS))


def _started(entrant: Entrant, problem: Any) -> Callable[[Any], Any]:
    try:
        return entrant.start(problem)
    except ImportError as error:
        raise UserError(f"{entrant.name}: {entrant.package} is installed and cannot be imported: {error}") from None
