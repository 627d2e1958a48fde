"""Compiled programs of earlier processes, so that what was compiled once on this machine is only read the next time."""

import atexit
import contextlib
import functools
import hashlib
import importlib.metadata
import os
import platform
import shutil
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
from jax.experimental.compilation_cache import compilation_cache

from bench.cores import usable_cores

MOST_BYTES = 2**30
"""Of all programs that are kept. What was read longest ago goes first."""
_OWN = ".of-"
"""How the folder begins that a process works in."""
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
"""How a program begins where JAX finds the package zstandard; it has no sum to check it by."""
_ABANDONED = 7 * 86_400
"""Seconds after which such a folder is taken for that of a process that was killed."""


@contextlib.contextmanager
def kept_programs() -> Iterator[None]:
    """Within it JAX compiles only what no process has compiled before, and what is new is kept at its end.

    Programs are in `$XDG_CACHE_HOME/superposed/programs` (`~/.cache/...`), apart for each kind of processor, number of
    its cores and version of jaxlib. Whoever sets `JAX_COMPILATION_CACHE_DIR` keeps them there instead, and
    `JAX_ENABLE_COMPILATION_CACHE=false` keeps none. Without a home, and where the folder cannot be written or others
    may write to it, everything is compiled, without a word.
    """
    working = _working_folder()
    try:
        yield
    finally:
        if working is not None:
            _give_back(working)


@contextlib.contextmanager
def compiled_anew() -> Iterator[None]:
    """Within it every program is compiled, whether it is kept or not: for whoever times compiling."""
    enabled = jax.config.values["jax_enable_compilation_cache"]
    _enable(False)
    try:
        yield
    finally:
        _enable(enabled)


def _enable(keeping: bool) -> None:
    jax.config.update("jax_enable_compilation_cache", keeping)
    # JAX looks at its settings once, at the first program.
    compilation_cache.reset_cache()


@functools.cache
def _working_folder() -> Path | None:
    """This process's folder, which JAX reads and writes from now on: it holds all programs that are kept.

    JAX writes in place, and a kill in the middle would leave half a program: so no process writes where others read.
    """
    settings = jax.config.values
    if settings["jax_compilation_cache_dir"] or not settings["jax_enable_compilation_cache"]:
        return None
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "superposed" / "programs"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _ours_alone(home):
            return None
        _make_room(home)
        shelf = home / _kind_of_machine()
        shelf.mkdir(mode=0o700, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=_OWN, dir=shelf))
        atexit.register(shutil.rmtree, working, ignore_errors=True)
        _link(shelf, working)
    except (OSError, RuntimeError):  # the latter of a user without a home
        return None
    jax.config.update("jax_compilation_cache_dir", str(working))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    # Where it keeps more than programs the folder's name is part of what a program is known by.
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    # A program that cannot be read is compiled, and one that cannot be written is compiled again the next time.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache entry")
    compilation_cache.reset_cache()
    return working


def _ours_alone(folder: Path) -> bool:
    """Programs are run as they are read: nobody else may have written them."""
    found = folder.stat()
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _kind_of_machine() -> str:
    """Machines of one kind can run each other's programs, and divide work alike."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else [platform.processor()]
    processor = sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU"))} or lines)
    facts = (
        importlib.metadata.version("jaxlib"),
        platform.machine(),
        *processor,
        usable_cores(),
        os.environ.get("NPROC"),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _give_back(working: Path) -> None:
    """What this process has compiled, to those that come after it."""
    with contextlib.suppress(OSError):
        _link(working, working.parent, only=_is_whole)


def _link(source: Path, target: Path, only: Callable[[Path], bool] = lambda _: True) -> None:
    """The programs of one folder in another as well: all of a program at once, and what is there already stays."""
    there = set(os.listdir(target))
    for name in os.listdir(source):
        if name.endswith("-cache") and name not in there:
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                if only(source / name):
                    os.link(source / name, target / name)


def _is_whole(path: Path) -> bool:
    """Whether JAX could write all of a program, which it compresses: a full disk leaves the beginning."""
    content, archive = path.read_bytes(), zlib.decompressobj()
    if content.startswith(_ZSTANDARD):
        return True
    try:
        archive.decompress(content)
    except zlib.error:
        return False
    return archive.eof


def _make_room(home: Path) -> None:
    """Remove the programs read longest ago where there are too many, and folders that nobody works in."""
    programs = []
    for path in home.glob("*/*"):
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            if path.name.startswith(_OWN):
                if time.time() - found.st_mtime > _ABANDONED:
                    shutil.rmtree(path, ignore_errors=True)
            else:
                programs.append((max(found.st_atime, found.st_mtime), found.st_size, path))
    too_much = sum(size for _, size, _ in programs) - MOST_BYTES
    for _, size, path in sorted(programs):
        if too_much <= 0:
            break
        path.unlink(missing_ok=True)
        too_much -= size
