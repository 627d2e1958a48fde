"""A run: plan, skip what is done, compute the rest, keep the manifest."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax

from bench.errors import UserError
from bench.evaluate import Evaluation, evaluate_chunk, joined
from bench.executors import Executor
from bench.executors.in_process import InProcess
from bench.interrupts import remembered_interrupts
from bench.kept_programs import kept_programs
from bench.manifest import known_checksums, read_manifest, timestamp, write_manifest
from bench.methods import check_unchanged
from bench.points import Chunk, halves, rows_per_world
from bench.progress import Progress
from bench.spec import spec_digest
from bench.store import (
    Store,
    chunks_of,
    foreign_files,
    locked,
    open_store,
    set_aside,
    shard_fault,
    write_shard,
    write_timings,
    writing,
)
from bench.study import Spec, Study

_OUT_OF_MEMORY = re.compile("MemoryError|out of memory|RESOURCE_EXHAUSTED", re.IGNORECASE)


@dataclass(frozen=True)
class Task:
    """Everything a worker needs for one chunk: where, what, which."""

    store: Store
    spec: Spec
    chunk: Chunk


@dataclass(frozen=True)
class Done:
    """What a worker tells of a finished chunk."""

    chunk: Chunk
    seconds: float
    sha256: str
    remarks: tuple[str, ...] = ()


@kept_programs()
def complete_chunk(task: Task) -> Done:
    """Compute a chunk and leave its shard in the store; doing it again leaves the same shard.

    Where memory does not suffice its worlds are computed in halves, and halves of these. Raises UserError when the
    shard cannot be written, memory does not suffice for one world, or a plugged-in method raises.
    """
    start = time.perf_counter()
    evaluation, n_parts = _evaluated(task.spec, task.chunk)
    write_timings(task.store, task.chunk, evaluation.timings)
    sha256 = write_shard(task.store, task.spec, task.chunk, evaluation.rows)
    n_worlds = len(task.chunk.worlds)
    said = f"chunk {task.chunk.name}: out of memory with {n_worlds} worlds at once; computed in {n_parts} parts"
    return Done(task.chunk, time.perf_counter() - start, sha256, (said,) if n_parts > 1 else ())


def _evaluated(spec: Spec, chunk: Chunk) -> tuple[Evaluation, int]:
    """The chunk's evaluation, and in how many parts it was computed."""
    try:
        return evaluate_chunk(spec, chunk), 1
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if not _OUT_OF_MEMORY.search(repr(error)):
            raise
    if len(chunk.worlds) == 1:
        where = ", ".join(f"{name} {value}" for name, value in chunk.static.items())
        raise UserError(f"out of memory at {where or chunk.name}, with one world at a time; lower the sizes")
    parts = [_evaluated(spec, one) for one in halves(chunk)]
    first, second = (evaluation for evaluation, _ in parts)
    return joined(spec, chunk, first, second), sum(n for _, n in parts)


def run_study(study: Study, spec: Spec, folder: Path, *, executor: Executor | None = None) -> Store:
    """Bring a results folder to completion; what is there already is kept.

    Raises UserError when the folder holds another spec, is in use, or cannot be written. KeyboardInterrupt passes
    through; the folder can then be resumed.
    """
    for name, plugin in spec.plugins.items():
        check_unchanged(name, plugin)
    store = open_store(folder, spec)
    with locked(store):
        while _complete(store, spec, study, executor or InProcess()) and spec.adaptive is not None:
            pass
    return store


def _complete(store: Store, spec: Spec, study: Study, executor: Executor) -> bool:
    """Compute all chunks that are due and not there; whether there were any. Of an adaptive run, those of one round."""
    chunks = chunks_of(store, study, spec)
    missing, rejected, kept = _missing(store, spec, study, chunks)

    def points(some: Sequence[Chunk]) -> int:
        return sum(rows_per_world(study, spec, chunk) * len(chunk.worlds) for chunk in some)

    total = points(chunks)
    progress = Progress(total, total - points(missing))
    with remembered_interrupts() as check:

        def tell(done: Done) -> None:
            for line in done.remarks:
                progress.say(line)
            progress.advance(points([done.chunk]))
            check()

        try:
            for line in rejected:
                progress.say(line)
            _work(store, spec, missing, kept, executor, tell)
        finally:
            progress.close()
    return bool(missing)


def _missing(
    store: Store, spec: Spec, study: Study, chunks: Sequence[Chunk]
) -> tuple[list[Chunk], list[str], dict[str, str]]:
    """Chunks to compute, a line for each shard that had to be set aside, and the checksums of those that are kept."""
    with writing(store.shards):
        store.shards.mkdir(exist_ok=True)
    known, checksums = known_checksums(read_manifest(store), spec), {}
    missing, lines = [], []
    for chunk in chunks:
        path = store.shard(chunk)
        if store.holds(path):
            fault, found = shard_fault(store, spec, study, chunk, known.get(chunk.name))
            if fault is None:
                # A kill comes before the manifest's last writing: what it does not know is taken as it is found.
                checksums[chunk.name] = found
                continue
            where, kept = store.place(path), set_aside(store, chunk)
            moved = f"left in {kept}" if kept == store.archive else f"moved to {kept}"
            lines.append(f"shard {where}: {fault}; {moved}, its chunk is computed anew")
        missing.append(chunk)
    for path in foreign_files(store, chunks):
        lines.append(f"file {path} is no shard of this run; it is left alone and not read")
    return missing, lines, checksums


def _work(
    store: Store,
    spec: Spec,
    missing: list[Chunk],
    kept: dict[str, str],
    executor: Executor,
    tell: Callable[[Done], None],
) -> None:
    manifest = read_manifest(store)
    earlier = manifest.get("runs", []) if manifest.get("spec_sha256") == spec_digest(spec) else []
    if not missing:
        if known_checksums(manifest, spec) != kept:
            write_manifest(store, spec, earlier, kept)
        return
    started, start, done = timestamp(), time.perf_counter(), []

    def record() -> dict:
        seconds = [round(item.seconds, 3) for item in done]
        return {
            "started": started,
            "chunks_due": len(missing),
            "chunks_done": len(done),
            "seconds": round(time.perf_counter() - start, 3),
            "chunk_seconds": seconds,
        }

    def write() -> None:
        write_manifest(store, spec, [*earlier, record()], kept | {item.chunk.name: item.sha256 for item in done})

    write()
    try:
        # Workers may run in other folders.
        where = Store(store.folder.absolute())
        for item in executor.run(complete_chunk, (Task(where, spec, chunk) for chunk in missing)):
            done.append(item)
            tell(item)
    finally:
        write()
