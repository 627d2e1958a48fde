"""The results folder: `spec.toml`, `manifest.json`, `shards/*.parquet`, `timings/*.json`.

A shard that is there is a finished chunk. `compact` puts shards and timings as they are into one archive, `shards.zip`;
what is a file of its own goes before what the archive has of that name.
"""

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import UserError
from bench.points import Chunk, plan, rows_per_world
from bench.rounds import next_round
from bench.spec import differences, read_table, spec_digest, to_table, to_toml, validate
from bench.studies import get_study
from bench.study import Spec, Study

SPEC_KEY, CHUNK_KEY = b"superposed.spec", b"superposed.chunk"


@dataclass(frozen=True)
class Store:
    """A results folder, addressed by its path; holds no open files, so it can be sent to a worker."""

    folder: Path

    @property
    def spec_file(self) -> Path:
        return self.folder / "spec.toml"

    @property
    def manifest_file(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def shards(self) -> Path:
        return self.folder / "shards"

    @property
    def timings(self) -> Path:
        return self.folder / "timings"

    @property
    def archive(self) -> Path:
        return self.folder / "shards.zip"

    def shard(self, chunk: Chunk) -> Path:
        """Where the chunk's rows are, or will be, as long as the folder is not compacted."""
        return self.shards / f"{chunk.name}.parquet"

    def timing(self, chunk: Chunk) -> Path:
        """The same of what the chunk's computation took."""
        return self.timings / f"{chunk.name}.json"

    def holds(self, path: Path) -> bool:
        """Whether there is such a file, by itself or in the archive."""
        return path.exists() or self._archived(path) is not None

    def read(self, path: Path) -> bytes:
        """A file's content, from itself or from the archive. Raises OSError where it cannot be read."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            found = self._archived(path)
            if found is None:
                raise
        archive, member = found
        if member.compress_type != zipfile.ZIP_STORED:
            raise OSError("it is compressed, which none of ours is")
        try:
            return archive.read(member)
        except (zipfile.BadZipFile, EOFError, RuntimeError) as error:
            raise OSError(str(error)) from error

    def place(self, path: Path) -> str:
        """Where the file is, in words."""
        return str(path) if path.exists() or self._archived(path) is None else f"{self.archive}/{self._member(path)}"

    def _member(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _archived(self, path: Path) -> tuple[zipfile.ZipFile, zipfile.ZipInfo] | None:
        if not self.archive.exists():
            return None
        status = self.archive.stat()
        try:
            archive, members = _open_archive(self.archive, status.st_mtime_ns, status.st_size)
        except (OSError, zipfile.BadZipFile) as error:
            raise UserError(f"{self.archive} is damaged ({error}); move it away, and its chunks are missing") from error
        member = members.get(self._member(path))
        return None if member is None else (archive, member)


@functools.lru_cache(maxsize=2)
def _open_archive(path: Path, mtime_ns: int, size: int) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """The archive and its members by name, opened once as long as it does not change: there may be very many."""
    archive = zipfile.ZipFile(path)
    return archive, {member.filename: member for member in archive.infolist()}


def open_store(folder: Path, spec: Spec) -> Store:
    """Make the folder, or reopen it. Raises UserError when it holds another spec or cannot be written."""
    store = Store(folder)
    if store.spec_file.exists():
        differing = differences(read_table(store.spec_file), to_table(spec))
        if differing:
            raise UserError(f"{folder} holds another run: {'; '.join(differing)}; choose another --results folder")
        return store
    with writing(folder):
        if folder.exists() and any(p for p in folder.iterdir() if p.name != ".lock"):
            raise UserError(f"{folder} is not empty and holds no spec.toml; choose another --results folder")
        store.shards.mkdir(parents=True, exist_ok=True)
        write_atomically(store.spec_file, to_toml(spec).encode())
    return store


def read_store(folder: Path) -> tuple[Store, Study, Spec]:
    """Open a folder that a run has left. Raises UserError when it is none."""
    store = Store(folder)
    if not folder.is_dir():
        raise UserError(f"no such results folder: {folder}")
    if not store.spec_file.exists():
        raise UserError(f"{folder} is no results folder: it has no spec.toml")
    table = read_table(store.spec_file)
    study = get_study(str(table.get("study")), where=str(store.spec_file))
    return store, study, validate(study, table, where=str(store.spec_file))


def write_shard(store: Store, spec: Spec, chunk: Chunk, table: pa.Table) -> str:
    """Write under a dot-name, flush to disk, rename: the shard is there whole or not at all. Returns its checksum."""
    stamped = table.replace_schema_metadata({SPEC_KEY: spec_digest(spec), CHUNK_KEY: chunk.name})
    path = store.shard(chunk)
    with writing(path), replacing(path) as temporary:
        pq.write_table(stamped, temporary, compression="zstd", write_page_checksum=True)
        return checksum(temporary.read_bytes())


def checksum(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_timings(store: Store, chunk: Chunk, timings: list[dict[str, Any]]) -> None:
    """What the chunk's computation took, beside its shard, which is the same however long it took."""
    path = store.timing(chunk)
    with writing(path):
        store.timings.mkdir(exist_ok=True)
        write_atomically(path, (json.dumps(timings) + "\n").encode())


def read_timings(store: Store, chunks: Iterable[Chunk]) -> list[dict[str, Any]]:
    """The records of the chunks of which there are any; a damaged one is passed over, as nothing depends on it."""
    records = []
    for chunk in chunks:
        with contextlib.suppress(OSError, ValueError):
            records += json.loads(store.read(store.timing(chunk)))
    return records


def chunks_of(store: Store, study: Study, spec: Spec) -> list[Chunk]:
    """The plan of a folder, in order; of an adaptive run the rounds whose shards are there, and the one after these."""
    if spec.adaptive is None:
        return list(plan(study, spec))
    done: list[tuple[Chunk, pa.Table]] = []
    while True:
        due = next_round(study, spec, done)
        found = [(chunk, _rows(store, spec, study, chunk)[0]) for chunk in due if store.holds(store.shard(chunk))]
        whole = [(chunk, table) for chunk, table in found if isinstance(table, pa.Table)]
        if not due or len(whole) < len(due):
            return [*(chunk for chunk, _ in done), *due]
        done += whole


def shard_fault(
    store: Store, spec: Spec, study: Study, chunk: Chunk, known: str | None = None
) -> tuple[str | None, str]:
    """Why the chunk's shard cannot be used, or None, and its checksum; every page is read and held against its own
    checksum, and the file against the checksum that is `known` of it."""
    rows, found = _rows(store, spec, study, chunk)
    if isinstance(rows, str):
        return rows, found
    if known is not None and found != known:
        return "it is not what was written: its checksum differs from the manifest's", found
    return None, found


def _rows(store: Store, spec: Spec, study: Study, chunk: Chunk) -> tuple[pa.Table | str, str]:
    """The shard's rows, or why it cannot be used; and its checksum."""
    try:
        content = store.read(store.shard(chunk))
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}", ""
    found = checksum(content)
    try:
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            metadata = file.schema_arrow.metadata or {}
            if metadata.get(SPEC_KEY) != spec_digest(spec).encode() or metadata.get(CHUNK_KEY) != chunk.name.encode():
                return "it belongs to another run", found
            # Shards are small; a pool of threads that still works on a damaged one must not outlive the command.
            table = file.read(use_threads=False)
    except (OSError, pa.ArrowException):
        return "it is truncated, damaged or no Parquet file", found
    expected = len(chunk.worlds) * rows_per_world(study, spec, chunk)
    if table.num_rows != expected:
        return f"it has {table.num_rows} rows where {expected} are due", found
    return table.replace_schema_metadata(None), found


def unusable(store: Store, path: Path, fault: str) -> UserError:
    """What is said where a shard with that fault is needed, and what to do."""
    return UserError(f"shard {store.place(path)}: {fault}; `superposed run {store.folder}` computes that chunk anew")


def foreign_files(store: Store, chunks: Iterable[Chunk]) -> list[Path]:
    """Files among the shards that are none of them."""
    if not store.shards.is_dir():
        return []
    ours = {store.shard(chunk).name for chunk in chunks}
    return [path for path in sorted(store.shards.iterdir()) if path.name not in ours and not path.name.startswith(".")]


def set_aside(store: Store, chunk: Chunk) -> Path:
    """Move a shard that cannot be used out of the way, never over another file; returns where it is now. In an archive
    it stays: the one that is computed anew goes before it."""
    path = store.shard(chunk)
    if not path.exists():
        return store.archive
    folder = store.folder / "rejected"
    with writing(folder):
        folder.mkdir(exist_ok=True)
        target, count = folder / path.name, 1
        while target.exists():
            target, count = folder / f"{path.stem}-{count}.parquet", count + 1
        path.rename(target)
    return target


def read_rows(store: Store, study: Study, spec: Spec, chunks: Iterable[Chunk]) -> tuple[pa.Table, int]:
    """Rows of the chunks whose shards are there, in the chunks' order, and the number of those still missing.

    Raises UserError naming a shard that cannot be used, or when there is none.
    """
    tables, missing = [], 0
    for chunk in chunks:
        path = store.shard(chunk)
        if not store.holds(path):
            missing += 1
            continue
        content, _ = _rows(store, spec, study, chunk)
        if isinstance(content, str):
            raise unusable(store, path, content)
        tables.append(content)
    if not tables:
        raise UserError(f"{store.folder} has no complete shard yet; `superposed run {store.folder}` goes on with it")
    # Static groups may measure different things: what one lacks is null.
    return pa.concat_tables(tables, promote_options="default"), missing


@contextlib.contextmanager
def locked(store: Store) -> Iterator[None]:
    """Hold the folder for one run. Raises UserError when another process has it."""
    path = store.folder / ".lock"
    with writing(path):
        handle = path.open("a")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"another run is writing to {store.folder}; wait for it, or choose another folder"
            ) from None
        yield


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write into one line that names the place."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by its new content in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    # A leading dot: Arrow's readers of folders pass over such names, should a kill leave one behind.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
