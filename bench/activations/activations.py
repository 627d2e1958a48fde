"""Activations from a file, and what has to be known of them before anything is fitted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from bench.activations.formats import read
from bench.errors import UserError

_BLOCK_VALUES = 1 << 21
"""Numbers in memory at a time while a file is checked."""


@dataclass(frozen=True, eq=False)
class Activations:
    """P x M numbers in a file, of which `rows` and `columns` count; all of them unless the file was cleaned.

    `stored` may be a memory map: `take` alone reads from it. `left_out` says what cleaning left out.
    """

    source: str
    stored: np.ndarray
    rows: Int[np.ndarray, " n_samples"] | slice
    columns: Int[np.ndarray, " n_dims"] | slice
    left_out: list[str] = field(default_factory=list)

    @property
    def n_samples(self) -> int:
        return self.stored.shape[0] if isinstance(self.rows, slice) else self.rows.size

    @property
    def n_dims(self) -> int:
        return self.stored.shape[1] if isinstance(self.columns, slice) else self.columns.size

    def take(self, index: Int[np.ndarray, " n"] | slice, dtype: str = "float32") -> Float[np.ndarray, "n n_dims"]:
        """The samples at these places, as an array of their own."""
        rows = index if isinstance(self.rows, slice) else self.rows[index]
        return np.ascontiguousarray(np.asarray(self.stored[rows])[:, self.columns], dtype=dtype)

    def blocks(self, n_rows: int, dtype: str = "float32") -> Iterator[tuple[int, Float[np.ndarray, "n n_dims"]]]:
        """(place of the first, samples), at most `n_rows` at a time, in the file's order."""
        for start in range(0, self.n_samples, n_rows):
            yield start, self.take(slice(start, min(start + n_rows, self.n_samples)), dtype)


def load_activations(path: Path, *, key: str | None = None, clean: bool = False, least_rows: int = 2) -> Activations:
    """Open a file of P x M activations and check every number of it, a block at a time.

    Raises UserError, a line, where it is not P x M real numbers, has numbers that are not finite, columns that are
    constant, rows that repeat, or fewer than `least_rows` rows. With `clean` such rows and columns (the repetitions,
    not the first of them) are left out instead.
    """
    stored = read(path, key)
    _check_shape(path, stored)
    _check_rows(path, stored.shape[0], least_rows)
    found = _inspect(stored)
    faults = found.faults()
    if faults and not clean:
        raise UserError(f"{path}: {'; '.join(faults)}; --clean leaves these out")
    rows = np.flatnonzero(found.good_rows) if not found.good_rows.all() else slice(None)
    columns = np.flatnonzero(~found.constant) if found.constant.any() else slice(None)
    activations = Activations(str(path), stored, rows, columns, faults)
    if activations.n_dims < 2:
        raise UserError(f"{path}: {activations.n_dims} columns are left that are not constant; 2 are the least")
    _check_rows(path, activations.n_samples, least_rows)
    return activations


def _check_rows(path: Path, n_rows: int, least: int) -> None:
    if n_rows < least:
        raise UserError(f"{path}: too few rows: {n_rows}, where {least} are the least")


def _check_shape(path: Path, stored: np.ndarray) -> None:
    if stored.ndim != 2:
        hint = "; flatten all axes but the last: reshape(-1, M)" if stored.ndim > 2 else ""
        raise UserError(f"{path}: its shape is {stored.shape}, not samples x dimensions{hint}")
    # bfloat16 is no kind of NumPy's own.
    if stored.dtype.kind not in "fiu" and stored.dtype.name != "bfloat16":
        raise UserError(f"{path}: its numbers are of type {stored.dtype}; they must be real numbers")
    if 0 in stored.shape:
        raise UserError(f"{path}: it is empty: {stored.shape[0]} rows of {stored.shape[1]} numbers")


@dataclass(frozen=True, eq=False)
class _Findings:
    """What is wrong with the rows and columns of a file; `first` is the place of its first number not finite."""

    not_finite: np.ndarray
    repeated: np.ndarray
    constant: np.ndarray
    first: tuple[int, int] | None

    @property
    def good_rows(self) -> np.ndarray:
        return ~(self.not_finite | self.repeated)

    def faults(self) -> list[str]:
        faults = []
        if self.first is not None:
            row, column = self.first
            faults.append(
                f"{_count(self.not_finite, 'row')} with numbers that are not finite in single precision "
                f"(the first in row {row}, column {column}, counted from 0)"
            )
        if self.constant.any():
            faults.append(f"{_count(self.constant, 'constant column')} ({_places(self.constant)})")
        if self.repeated.any():
            faults.append(f"{_count(self.repeated, 'row')} equal to an earlier one ({_places(self.repeated)})")
        return faults


def _count(where: np.ndarray, what: str) -> str:
    n = int(np.count_nonzero(where))
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _places(where: np.ndarray) -> str:
    places = np.flatnonzero(where)
    return ", ".join(map(str, places[:3])) + (", ..." if places.size > 3 else "")


def _inspect(stored: np.ndarray) -> _Findings:
    n_samples, n_dims = stored.shape
    not_finite = np.zeros(n_samples, bool)
    fingerprint = np.empty(n_samples, np.uint64)
    low, high = np.full(n_dims, np.inf), np.full(n_dims, -np.inf)
    # Odd multipliers: the sum of the words of a row, each times its own, tells rows apart but for one pair in 2^63.
    multipliers = np.random.default_rng(0).integers(2**63, size=n_dims, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    first = None
    step = max(1, _BLOCK_VALUES // n_dims)
    for start in range(0, n_samples, step):
        # What is beyond single precision becomes infinite, and is found so; -0 becomes 0.
        with np.errstate(over="ignore"):
            block = np.asarray(stored[start : start + step]).astype(np.float32) + np.float32(0)
        finite = np.isfinite(block)
        bad = ~finite.all(axis=1)
        if first is None and bad.any():
            row = int(np.argmax(bad))
            first = (start + row, int(np.argmin(finite[row])))
        not_finite[start : start + step] = bad
        good = block[~bad]
        if good.size:
            low, high = np.minimum(low, good.min(axis=0)), np.maximum(high, good.max(axis=0))
        fingerprint[start : start + step] = (block.view(np.uint32).astype(np.uint64) * multipliers).sum(axis=1)
    repeated = np.ones(n_samples, bool)
    repeated[np.unique(fingerprint, return_index=True)[1]] = False
    return _Findings(not_finite, repeated & ~not_finite, high <= low, first)
