"""A chunk's numbers: one compiled call per static group and method, batched over worlds, trials and traced axes."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pyarrow as pa
from jax.sharding import Mesh, PartitionSpec

from bench.errors import UserError
from bench.keys import stack_key_data
from bench.methods import Plugin, collected_faults
from bench.points import Chunk, WorldPoint, halves, measurement_points, methods_of
from bench.precision import precision
from bench.programs import Program
from bench.studies import get_study
from bench.study import Context, Point, Spec, Study, Value


@dataclass(frozen=True)
class Evaluation:
    """A chunk's rows, and a record per compiled call of a method: what it was, its points, its seconds."""

    rows: pa.Table
    timings: list[dict[str, Any]]


def evaluate_chunk(spec: Spec, chunk: Chunk) -> Evaluation:
    """All rows of a chunk: static measurement axes slowest, then methods, worlds, and traced measurement axes.

    Raises UserError when a plugged-in method raises, or returns what is no answer.
    """
    study = get_study(spec.study)
    size = -(-chunk.capacity // n_devices()) * n_devices()
    padded = chunk.worlds + (chunk.worlds[-1],) * (size - len(chunk.worlds))
    with precision(spec.precision), collected_faults() as faults:
        worlds = _make_worlds(study, spec, chunk, padded)
        blocks, timings = [], []
        for static, traced in measurement_points(study, spec, chunk):
            group = _group(spec, {**chunk.static, **static})
            keys, values = _inputs(study, spec, padded, static, traced)
            data = _compiled_sample(group)(keys, worlds, values)
            for method in methods_of(spec, chunk):
                metrics, seconds = _measure_program(group, method).timed(keys, worlds, data, values)
                if study.judge is not None:
                    metrics, more = _judge_program(group).timed(keys, worlds, data, values, metrics)
                    seconds = {name: seconds[name] + more[name] for name in seconds}
                timings.append({**group.context.static, "method": method, "n_points": keys[..., 0].size, **seconds})
                kept = {name: np.asarray(array)[: len(chunk.worlds)] for name, array in metrics.items()}
                blocks.append(_rows(study, chunk, method, static, traced, kept))
    if faults:
        raise UserError(faults[0])
    return Evaluation(pa.concat_tables(blocks, promote_options="default"), timings)


def joined(spec: Spec, chunk: Chunk, first: Evaluation, second: Evaluation) -> Evaluation:
    """The evaluation of a chunk from those of its `halves`: the same rows in the same order."""
    n_worlds = [len(one.worlds) for one in halves(chunk)]
    blocks, starts = [], [0, 0]
    for _, traced in measurement_points(get_study(spec.study), spec, chunk):
        for _ in methods_of(spec, chunk):
            for half, evaluation in enumerate((first, second)):
                n_rows = n_worlds[half] * len(traced)
                blocks.append(evaluation.rows.slice(starts[half], n_rows))
                starts[half] += n_rows
    rows = pa.concat_tables(blocks, promote_options="default").combine_chunks()
    return Evaluation(rows, [*first.timings, *second.timings])


@dataclass(frozen=True)
class _Group:
    """What a compiled function depends on apart from shapes: names and values, so that a worker can rebuild it."""

    study: str
    fixed: Any
    static: tuple[tuple[str, Value], ...]
    precision: str
    plugins: tuple[tuple[str, Plugin], ...]

    @property
    def context(self) -> Context:
        return Context(self.fixed, dict(self.static), dict(self.plugins))


def _group(spec: Spec, static: Mapping[str, Value]) -> _Group:
    return _Group(spec.study, spec.fixed, tuple(static.items()), spec.precision, tuple(spec.plugins.items()))


def _make_worlds(study: Study, spec: Spec, chunk: Chunk, padded: tuple[WorldPoint, ...]) -> Any:
    group = _group(spec, chunk.static)
    keys = stack_key_data(spec.seed, ((w.values, w.trial) for w in padded))
    rows = [{**_traced(study, w.values), **study.derive_world(spec.fixed, w.values)} for w in padded]
    values = {name: _array([row[name] for row in rows], spec.precision) for name in rows[0]}
    return _compiled_world(group)(keys, values)


def _inputs(
    study: Study, spec: Spec, padded: tuple[WorldPoint, ...], static: Point, traced: list[Point]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Key words [n_worlds n_traced 2] and traced values [n_worlds n_traced] of one compiled call."""
    points = [[{**world.values, **static, **values} for values in traced] for world in padded]
    keys = [stack_key_data(spec.seed, ((p, w.trial) for p in row)) for w, row in zip(padded, points, strict=True)]
    cells = [[{**_traced(study, p), **study.derive(spec.fixed, p)} for p in row] for row in points]
    names = cells[0][0]
    return np.stack(keys), {
        name: _array([[cell[name] for cell in row] for row in cells], spec.precision) for name in names
    }


def _traced(study: Study, point: Point) -> Point:
    """Values that can be arrays; what a word stands for, `derive` says in numbers."""
    numbers = {name: value for name, value in point.items() if not isinstance(value, str)}
    return {name: value for name, value in numbers.items() if not study.axes[name].static}


@functools.cache
def _compiled_world(group: _Group) -> Callable[..., Any]:
    make, context = get_study(group.study).world, group.context
    return _on_devices(jax.vmap(lambda key, values: make(jax.random.wrap_key_data(key), context, values)))


@functools.cache
def _compiled_sample(group: _Group) -> Callable[..., Any]:
    sample, context = get_study(group.study).sample, group.context
    return _over_points(group, lambda key, world, values: sample(key, context, world, values))


@functools.cache
def _measure_program(group: _Group, method: str) -> Program:
    measure, context = get_study(group.study).measure, group.context
    return Program(
        _over_points(group, lambda key, world, data, values: measure(key, context, world, data, values, method))
    )


@functools.cache
def _judge_program(group: _Group) -> Program:
    judge, context = get_study(group.study).judge, group.context
    assert judge is not None
    return Program(
        _over_points(group, lambda key, world, data, values, found: judge(key, context, world, data, values, found))
    )


def _over_points(group: _Group, one: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `one(key, world, *rest)` over worlds and, within each, over its measurement points.

    Worlds follow one another inside the compiled call, so that memory does not grow with their number and none waits
    for another's slowest solve; whether a world's points are batched is the study's word.
    """
    batched = get_study(group.study).batch_points

    def all_points(arguments: tuple) -> Any:
        keys, world, *rest = arguments

        def point(key: jax.Array, *more: Any) -> Any:
            return one(jax.random.wrap_key_data(key), world, *more)

        if batched:
            return jax.vmap(point)(keys, *rest)
        return jax.lax.map(lambda each: point(*each), (keys, *rest))

    return _on_devices(lambda keys, worlds, *rest: jax.lax.map(all_points, (keys, worlds, *rest)))


def n_devices() -> int:
    """Devices of this process, among which the worlds of a chunk are shared out."""
    return len(jax.local_devices())


def _on_devices(over_worlds: Callable[..., Any]) -> Any:
    """Compile a function of arrays whose first axis is worlds; with several devices each computes its share of them."""
    if n_devices() == 1:
        return jax.jit(over_worlds)
    mesh, worlds = Mesh(np.array(jax.local_devices()), ("worlds",)), PartitionSpec("worlds")
    return jax.jit(jax.shard_map(over_worlds, mesh=mesh, in_specs=worlds, out_specs=worlds, check_vma=False))


def _array(values: list, precision: str) -> np.ndarray:
    array = np.asarray(values)
    if np.issubdtype(array.dtype, np.floating):
        return array.astype(precision)
    return array if array.dtype == bool else array.astype(np.int32)


def _rows(
    study: Study, chunk: Chunk, method: str, static: Point, traced: list[Point], metrics: Mapping[str, np.ndarray]
) -> pa.Table:
    """[n_worlds n_traced] blocks as rows, worlds slowest."""
    n_worlds, n_traced = len(chunk.worlds), len(traced)
    columns: dict[str, Any] = {}
    for name in study.axes:
        values = [(world.values | static | point)[name] for world in chunk.worlds for point in traced]
        columns[name] = values
    columns["method"] = [method] * (n_worlds * n_traced)
    columns["trial"] = pa.array(np.repeat([world.trial for world in chunk.worlds], n_traced), pa.int32())
    for name, values in metrics.items():
        floating = np.issubdtype(values.dtype, np.floating)
        if values.ndim == 2:
            columns[name] = pa.array(values.reshape(-1)).cast(pa.float64() if floating else pa.int32())
        else:
            columns[name] = _lists(values.reshape(n_worlds * n_traced, -1), pa.float32() if floating else pa.int32())
    return pa.table(columns)


def _lists(values: np.ndarray, kind: pa.DataType) -> pa.ListArray:
    """A list per row: lists of different lengths, as methods of one study may give, can stand in one column."""
    n_rows, length = values.shape
    return pa.ListArray.from_arrays(np.arange(n_rows + 1, dtype=np.int32) * length, pa.array(values.ravel()).cast(kind))
