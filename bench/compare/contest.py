"""What is run against what, and by which clock."""

import gc
import importlib
import importlib.metadata
import importlib.util
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
    is given a run before the clock starts: the work is long, and what starting costs belongs to it.
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
    `start_seconds` is what an entrant took to get ready, once, and is repeated in its rows.
    """
    entrants = list(contest.entrants(usable_cores()))
    missing = sorted({one.package for one in entrants if one.version is None})
    entrants = [one for one in entrants if one.version is not None]
    running: dict[str, tuple[Callable[[Any], Any], float]] = {}
    rows = []
    for number in range(repeats or (2 if quick else contest.repeats)):
        problem = contest.problem(seed + number, quick)
        place = number % len(entrants)
        for entrant in [*entrants[place:], *entrants[:place]]:
            if entrant.name not in running:
                begin = time.perf_counter()
                solve = _started(entrant, problem)
                running[entrant.name] = solve, time.perf_counter() - begin
                if contest.warm:
                    solve(problem)
            solve, start_seconds = running[entrant.name]
            gc.collect()
            time.sleep(_PAUSE)
            begin, processor = time.perf_counter(), time.process_time()
            with warnings.catch_warnings():
                # What is not solved to the end is seen in its score.
                warnings.simplefilter("ignore")
                answer = solve(problem)
            seconds, processor = time.perf_counter() - begin, time.process_time() - processor
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
                    **scores,
                }
            )
    return pd.DataFrame.from_records(rows), missing


def _started(entrant: Entrant, problem: Any) -> Callable[[Any], Any]:
    try:
        return entrant.start(problem)
    except ImportError as error:
        raise UserError(f"{entrant.name}: {entrant.package} is installed and cannot be imported: {error}") from None
