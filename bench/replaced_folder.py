"""A results folder that is written as a whole, or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.errors import UserError
from bench.store import writing


def check_folder(folder: Path, *, ours: set[str], marker: str, what: str) -> None:
    """Refuse early what could not be written at the end.

    `ours` are the names that an earlier `what` leaves, `marker` the one that it always does. Raises UserError.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is no folder; choose another --results folder")
    if folder.is_dir():
        names = {path.name for path in folder.iterdir()}
        if names and (not names <= ours or marker not in names):
            raise UserError(f"{folder} holds something else than an earlier {what}; choose another --results folder")
    # Where nothing is there yet, the nearest folder above that is.
    above = next((path for path in folder.absolute().parents if path.exists()), Path("/"))
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise UserError(f"cannot write {folder}: {above} is no folder that can be written to")


@contextlib.contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """A fresh folder to write into, which takes the place of `folder` at the end; it vanishes where that fails."""
    folder = folder.absolute()
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    stale = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    with writing(folder):
        try:
            fresh.mkdir(parents=True)
            yield fresh
            if folder.exists():
                folder.rename(stale)
            fresh.rename(folder)
        finally:
            for path in (fresh, stale):
                shutil.rmtree(path, ignore_errors=True)
