"""A complete results folder in few files."""

import contextlib
import zipfile
from pathlib import Path

from bench.errors import UserError
from bench.manifest import known_checksums, read_manifest
from bench.points import Chunk
from bench.spec import Spec
from bench.store import (
    Store,
    checksum,
    chunks_of,
    locked,
    read_store,
    replacing,
    shard_fault,
    unusable,
    writing,
)
from bench.study import Study

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member, so that the same shards give the same archive."""


def compact(folder: Path) -> str:
    """Put all shards and timings into `shards.zip`, uncompressed as they are compressed already, and remove the files.

    Every member is read back and held against the manifest before a file is removed; a kill leaves files or archive, or
    both, and the same command goes on. Returns what was done in words. Raises UserError where the folder is none,
    incomplete or damaged, is in use or cannot be written.
    """
    store, study, spec = read_store(folder)
    with locked(store):
        chunks = chunks_of(store, study, spec)
        _check(store, study, spec, chunks)
        members = [path for chunk in chunks for path in (store.shard(chunk), store.timing(chunk)) if store.holds(path)]
        loose = [path for path in members if path.exists()]
        if not loose:
            return f"{folder} is compact: {len(chunks)} shards in {store.archive}"
        _write(store, members)
        with writing(folder):
            for path in loose:
                path.unlink()
            for emptied in (store.shards, store.timings):
                # What is not ours stays, and its folder.
                with contextlib.suppress(OSError):
                    emptied.rmdir()
    size = store.archive.stat().st_size / 2**20
    return f"{len(loose)} files are now in {store.archive}, {size:.1f} MiB: {len(chunks)} shards with their timings"


def _check(store: Store, study: Study, spec: Spec, chunks: list[Chunk]) -> None:
    known = known_checksums(read_manifest(store), spec)
    for chunk in chunks:
        path = store.shard(chunk)
        if not store.holds(path):
            raise UserError(f"{store.folder} is incomplete; `superposed run {store.folder}` goes on with it")
        fault, _ = shard_fault(store, spec, study, chunk, known.get(chunk.name))
        if fault is not None:
            raise unusable(store, path, fault)


def _write(store: Store, members: list[Path]) -> None:
    """The archive anew, whole or not at all."""
    sums = {}
    with writing(store.archive), replacing(store.archive) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            for path in members:
                content = store.read(path)
                name = path.relative_to(store.folder).as_posix()
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
                sums[name] = checksum(content)
        with zipfile.ZipFile(temporary) as archive:
            for name, expected in sums.items():
                if checksum(archive.read(name)) != expected:
                    raise UserError(f"{store.archive}: what was written cannot be read back; nothing was removed")
