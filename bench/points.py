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


class Measured(msgspec.Struct, frozen=True):
    """One method at one combination of the static measurement axes, at some levels of a traced one."""

    method: str
    static: dict[str, Value]
    axis: str
    levels: tuple[float, ...]


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
    measured: "Measured | None" = None
    """What is measured of each world; None: everything that the spec asks for."""


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
        worlds = _worlds(study, spec, static)
        if not worlds:
            continue
        capacity = math.ceil(len(worlds) / math.ceil(len(worlds) / spec.chunk_size))
        for start in range(0, len(worlds), capacity):
            content = tuple(worlds[start : start + capacity])
            number = next(index)
            name = f"{number:06d}-{digest([identity, static, start, len(content)])[:12]}"
            yield Chunk(index=number, name=name, static=static, worlds=content, capacity=capacity)


def _worlds(study: Study, spec: Spec, static: Point) -> list[WorldPoint]:
    if study.worlds is not None:
        return [WorldPoint({**static, **traced}, trial) for traced, trial in study.worlds(spec, static)]
    # Trials share the dictionary of their values: there may be millions.
    every = [{**static, **traced} for traced in combinations(spec, study.names("world", static=False))]
    return [WorldPoint(values, trial) for values in every for trial in range(spec.trials)]


def measurement_points(study: Study, spec: Spec, chunk: Chunk | None = None) -> list[tuple[Point, list[Point]]]:
    """The measurement axes: each combination of the static ones with all combinations of the traced ones; of one chunk,
    or of the whole grid."""
    if chunk is not None and chunk.measured is not None:
        one = chunk.measured
        others = combinations(spec, tuple(n for n in study.names("measurement", static=False) if n != one.axis))
        return [(one.static, [{**other, one.axis: level} for other in others for level in one.levels])]
    traced = combinations(spec, study.names("measurement", static=False))
    return [(static, traced) for static in combinations(spec, study.names("measurement", static=True))]


def methods_of(spec: Spec, chunk: Chunk) -> tuple[str, ...]:
    """The methods that a chunk measures."""
    return spec.methods if chunk.measured is None else (chunk.measured.method,)


def rows_per_world(study: Study, spec: Spec, chunk: Chunk | None = None) -> int:
    """Rows that one world yields, of one chunk or of the whole grid: methods x measurement points."""
    variants = measurement_points(study, spec, chunk)
    n_methods = len(spec.methods) if chunk is None else len(methods_of(spec, chunk))
    return n_methods * sum(len(traced) for _, traced in variants)
