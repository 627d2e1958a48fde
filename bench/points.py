"""From a spec to points to chunks of fixed content."""

import itertools
import math
from collections.abc import Iterator

import msgspec

from bench.spec import digest, spec_digest
from bench.study import Point, Spec, Study, Value


class WorldPoint(msgspec.Struct, frozen=True):
    """The values of all world axes, and the trial's number."""

    values: dict[str, Value]
    trial: int


class Chunk(msgspec.Struct, frozen=True):
    """A picklable, idempotent description of a piece of work: some worlds of one static group, measured in every way.

    `capacity` is the number of worlds the compiled call takes; a shorter last chunk is padded to it, so that
    a group needs one compile.
    """

    index: int
    name: str
    static: dict[str, Value]
    worlds: tuple[WorldPoint, ...]
    capacity: int


def halves(chunk: Chunk) -> tuple[Chunk, Chunk]:
    """Two chunks of half the worlds each, of which there must be two at least. They have the chunk's name."""
    middle = (len(chunk.worlds) + 1) // 2
    first, second = chunk.worlds[:middle], chunk.worlds[middle:]
    return (
        msgspec.structs.replace(chunk, worlds=first, capacity=middle),
        msgspec.structs.replace(chunk, worlds=second, capacity=middle),
    )


def axis_values(spec: Spec, name: str) -> tuple[Value, ...]:
    """The values of one axis."""
    return getattr(spec.grid, name)


def combinations(spec: Spec, names: tuple[str, ...]) -> list[Point]:
    """Every combination of the named axes' values, the last axis fastest."""
    return [
        dict(zip(names, values, strict=True)) for values in itertools.product(*(axis_values(spec, n) for n in names))
    ]


def plan(study: Study, spec: Spec) -> Iterator[Chunk]:
    """All chunks of a spec, in order; the same spec gives the same chunks."""
    identity = spec_digest(spec)
    index = itertools.count()
    for static in combinations(spec, study.names("world", static=True)):
        worlds = [
            WorldPoint(values={**static, **traced}, trial=trial) for traced, trial in _worlds(study, spec, static)
        ]
        if not worlds:
            continue
        capacity = math.ceil(len(worlds) / math.ceil(len(worlds) / spec.chunk_size))
        for start in range(0, len(worlds), capacity):
            content = tuple(worlds[start : start + capacity])
            number = next(index)
            name = f"{number:06d}-{digest([identity, static, start, len(content)])[:12]}"
            yield Chunk(index=number, name=name, static=static, worlds=content, capacity=capacity)


def _worlds(study: Study, spec: Spec, static: Point) -> list[tuple[Point, int]]:
    if study.worlds is not None:
        return study.worlds(spec, static)
    traced = combinations(spec, study.names("world", static=False))
    return [(values, trial) for values in traced for trial in range(spec.trials)]


def measurement_points(study: Study, spec: Spec) -> list[tuple[Point, list[Point]]]:
    """The measurement axes: each combination of the static ones with all combinations of the traced ones."""
    traced = combinations(spec, study.names("measurement", static=False))
    return [(static, traced) for static in combinations(spec, study.names("measurement", static=True))]


def rows_per_world(study: Study, spec: Spec) -> int:
    """Rows that one world yields: methods x measurement points."""
    variants = measurement_points(study, spec)
    return len(spec.methods) * sum(len(traced) for _, traced in variants)
