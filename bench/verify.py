"""Is a results folder whole, and does computing it again give the same?"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.errors import UserError
from bench.manifest import known_checksums, read_manifest
from bench.points import Chunk
from bench.run import run_study
from bench.store import Store, chunks_of, foreign_files, read_rows, read_store, shard_fault


@dataclass
class Verified:
    """What was found of each chunk's shard; `faults` are lines, one for each that cannot be trusted."""

    n_chunks: int = 0
    n_whole: int = 0
    n_unrecorded: int = 0
    missing: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether every chunk is there and sound."""
        return self.n_whole == self.n_chunks

    def lines(self) -> list[str]:
        """In words, the verdict last."""
        said = [*self.faults, *(f"file {one} is no shard of this run" for one in self.foreign)]
        if self.missing:
            some = ", ".join(self.missing[:3]) + (", ..." if len(self.missing) > 3 else "")
            said.append(f"not computed yet: {len(self.missing)} of {self.n_chunks} chunks, {some}")
        if self.n_unrecorded:
            said.append(
                f"no checksum in the manifest: {self.n_unrecorded} shards (a run was killed, or still goes on); "
                "they were held against their own pages' checksums"
            )
        verdict = "whole" if self.whole else "not whole"
        return [*said, f"{verdict}: {self.n_whole} of {self.n_chunks} shards are complete and as they were written"]


def verify(folder: Path) -> Verified:
    """Hold every shard of a results folder against plan, spec, its pages' checksums and the manifest; writes nothing.

    Raises UserError where the folder is none.
    """
    store, study, spec = read_store(folder)
    known = known_checksums(read_manifest(store), spec)
    found, chunks = Verified(), chunks_of(store, study, spec)
    for chunk in chunks:
        found.n_chunks += 1
        path = store.shard(chunk)
        if not store.holds(path):
            found.missing.append(chunk.name)
            continue
        fault, _ = shard_fault(store, spec, study, chunk, known.get(chunk.name))
        if fault is not None:
            found.faults.append(f"shard {store.place(path)}: {fault}")
            continue
        found.n_whole += 1
        found.n_unrecorded += chunk.name not in known
    found.foreign = [str(path) for path in foreign_files(store, chunks)]
    return found


def rerun(folder: Path, again: Path) -> tuple[bool, list[str]]:
    """Compute a results folder anew in `again`, from its spec, and compare; returns whether the shards are the same to
    the byte, and what differs in words.

    A folder `again` that was begun is gone on with. Raises UserError where the folder is none or incomplete, or `again`
    cannot be used.
    """
    if again.resolve() == folder.resolve():
        raise UserError(f"{folder} cannot be computed anew in itself; choose another --results folder")
    store, study, spec = read_store(folder)
    chunks = chunks_of(store, study, spec)
    rows, missing = read_rows(store, study, spec, chunks)
    if missing:
        raise UserError(
            f"{folder} is incomplete: {missing} chunks are missing; `superposed run {folder}` goes on with it"
        )
    fresh = run_study(study, spec, again)
    differing = [one for one in chunks if not _equal(store, fresh, one)]
    n_chunks = len(chunks)
    if not differing:
        return True, [f"the same: {n_chunks} of {n_chunks} shards are equal to the byte"]
    said = [f"{len(differing)} of {n_chunks} shards differ: {', '.join(one.name for one in differing[:3])}"]
    said += _environments(store, fresh)
    return False, [*said, *differences(rows, read_rows(fresh, study, spec, chunks_of(fresh, study, spec))[0])]


def _equal(first: Store, second: Store, chunk: Chunk) -> bool:
    """Whether two shards are the same; an adaptive run that finds other numbers goes other ways and may lack one."""
    path, other = first.shard(chunk), second.shard(chunk)
    return second.holds(other) and first.read(path) == second.read(other)


def differences(first: pa.Table, second: pa.Table) -> list[str]:
    """A line for each column in which two tables of the same rows differ: in how many rows, and by how much at most."""
    if first.num_rows != second.num_rows or set(first.column_names) != set(second.column_names):
        return ["their rows or columns are not the same"]
    said = []
    for name in first.column_names:
        one, other = (table.column(name).combine_chunks() for table in (first, second))
        if one.equals(other):
            continue
        if not (pa.types.is_floating(one.type) or pa.types.is_integer(one.type)):
            said.append(f"{name}: differs")
            continue
        a, b = (column.to_numpy(zero_copy_only=False).astype(float) for column in (one, other))
        differ = ~((a == b) | (np.isnan(a) & np.isnan(b)))
        if differ.any():
            size = np.max(np.abs(a - b)[differ])
            said.append(f"{name}: {np.count_nonzero(differ)} of {a.size} rows differ, by at most {size:.3g}")
    return said or ["the numbers in all columns are the same; only the files differ"]


def _environments(store: Store, fresh: Store) -> list[str]:
    """What the manifests say of two runs that may be why they differ."""
    said = []
    before, now = (read_manifest(one) for one in (store, fresh))
    for section in ("versions", "hardware"):
        old, new = (one.get(section) or {} for one in (before, now))
        said += [
            f"{section}: {name} was {old.get(name)}, is {new.get(name)}"
            for name in sorted(set(old) | set(new))
            if old.get(name) != new.get(name)
        ]
    if before.get("commit") != now.get("commit"):
        said.append(f"commit: was {before.get('commit')}, is {now.get('commit')}")
    return said
