"""Which chunks a run consists of: all of the grid, or, adaptively, round after round what the rows so far call for."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.statistics import fit_boundary, is_located, next_levels
from bench.points import Chunk, Measured, WorldPoint, combinations
from bench.spec import digest, spec_digest
from bench.study import Point, Spec, Study, Transition, Value

_LEVELS = 5
"""Levels of a chunk, which its worlds share; always as many, so that one compilation does."""
_FIRST_LEVELS = 2 * _LEVELS
"""Of the grid's levels, so many are tried in the first round."""
_SEARCHING = 3
"""Rounds that look where the boundary is, with a fifth of the worlds."""
MOST_ROUNDS = 100
"""Of one boundary; one that is not located by then is left as it is."""
_BLIND_ROUNDS = 4
"""Rounds after which a curve that does not cross one half is believed."""


@dataclass(frozen=True)
class _Boundary:
    """One success curve: the worlds' static values, the static values of its measurement, a method, and worlds' traced
    values."""

    world: Point
    traced: Point
    measured: Point
    method: str

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Its own rows."""
        kept = rows["method"] == self.method
        for name, value in {**self.world, **self.traced, **self.measured}.items():
            kept &= rows[name] == value
        return rows[kept]


def next_round(study: Study, spec: Spec, done: Sequence[tuple[Chunk, pa.Table]]) -> list[Chunk]:
    """The chunks of an adaptive run's next round, given all chunks of the earlier ones with their rows; none where all
    boundaries are located. The same rows give the same chunks.

    A round of a boundary has `trials` worlds of its own, the first ones a fifth of that: no world is used twice. What a
    grid measures as well has the same numbers there.
    """
    transition = study.transition
    assert transition is not None, "`validate` refuses others"
    rows = pd.concat([table.to_pandas() for _, table in done], ignore_index=True) if done else None
    identity, index = spec_digest(spec), itertools.count(len(done))
    chunks = []
    for boundary in _boundaries(study, spec):
        own = rows if rows is None else boundary.of(rows)
        first = 0 if own is None else int(own["trial"].max()) + 1
        few = max(1, spec.trials // 5)
        searched = min(first, _SEARCHING * few)
        n_rounds = searched // few + (first - searched) // spec.trials
        levels = _levels(transition, spec, boundary, own, n_rounds)
        if not levels:
            continue
        trials = range(first, first + (few if n_rounds < _SEARCHING else spec.trials))
        worlds = [WorldPoint(values={**boundary.world, **boundary.traced}, trial=trial) for trial in trials]
        for some, start in itertools.product(_shares(levels), range(0, len(worlds), spec.chunk_size)):
            measured = Measured(boundary.method, boundary.measured, transition.axis, some)
            content, number = tuple(worlds[start : start + spec.chunk_size]), next(index)
            what = [identity, boundary.world, boundary.traced, boundary.measured, boundary.method, trials[start]]
            name = f"{number:06d}-{digest([*what, list(some)])[:12]}"
            capacity = min(spec.chunk_size, len(trials))
            chunks.append(Chunk(number, name, boundary.world, content, capacity, measured))
    return chunks


def _shares(levels: tuple[float, ...]) -> list[tuple[float, ...]]:
    return [levels[start : start + _LEVELS] for start in range(0, len(levels), _LEVELS)]


def _boundaries(study: Study, spec: Spec) -> Iterable[_Boundary]:
    world, traced, measured = (
        combinations(spec, study.names(scope, static=static))
        for scope, static in (("world", True), ("world", False), ("measurement", True))
    )
    return itertools.starmap(_Boundary, itertools.product(world, traced, measured, spec.methods))


def _levels(
    transition: Transition, spec: Spec, boundary: _Boundary, rows: pd.DataFrame | None, n_rounds: int
) -> tuple[float, ...]:
    """Where to try next; nothing where the boundary is located or given up."""
    candidates = transition.candidates({**boundary.world, **boundary.measured})
    if rows is None:
        grid: tuple[Value, ...] = getattr(spec.grid, transition.axis)
        places = np.linspace(0, len(grid) - 1, min(_FIRST_LEVELS, len(grid))).round().astype(int)
        return tuple(float(grid[i]) for i in np.unique(places))
    level, success, counted = transition.outcome(rows)
    counts = pd.DataFrame({"level": level, "success": success & counted, "counted": counted}).groupby("level").sum()
    x, hits, trials = counts.index.to_numpy(float), counts["success"].to_numpy(), counts["counted"].to_numpy()
    fit = fit_boundary(x, hits, trials)
    blind = not fit.is_found and n_rounds >= _BLIND_ROUNDS
    if n_rounds >= MOST_ROUNDS or blind or is_located(fit, float(spec.adaptive or 0), candidates):
        return ()
    return next_levels(x, hits, trials, candidates, n_levels=_LEVELS)
