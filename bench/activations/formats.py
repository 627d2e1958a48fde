"""One reader per file format: a path in, an array of two axes out, memory-mapped where the format allows."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import UserError, said
from bench.words import suggest

_PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib", ".ckpt"}


def read(path: Path, key: str | None) -> np.ndarray:
    """The array in `path`, as it is stored; `key` names it where the file holds several.

    `.npy` and `.safetensors` are memory-mapped. Raises UserError for what is no such file, and for pickles, because
    unpickling runs code.
    """
    suffix = path.suffix.lower()
    if suffix in _PICKLES:
        raise UserError(
            f"{path}: {suffix} files are pickles, which can run code when read; save the array with numpy.save or as "
            "safetensors"
        )
    if suffix not in _READERS:
        raise UserError(f"{path}: unknown format {suffix or 'without a suffix'!r}; known: {', '.join(_READERS)}")
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    try:
        return _READERS[suffix](path, key)
    except UserError:
        raise
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except Exception as error:
        raise UserError(f"{path}: it cannot be read as {suffix[1:]}: {said(error)}") from None


def _npy(path: Path, key: str | None) -> np.ndarray:
    _no_key(path, key)
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        dtype = read_header(file)[2]
    if dtype.hasobject:
        raise _pickled(path)
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _npz(path: Path, key: str | None) -> np.ndarray:
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path}: it is no .npz archive")
    with np.load(path, allow_pickle=False) as archive:
        name = _choose(path, key, list(archive.files), "array")
        try:
            return archive[name]
        except ValueError as error:
            if "pickle" in str(error):
                raise _pickled(path) from None
            raise


def _safetensors(path: Path, key: str | None) -> np.ndarray:
    from safetensors import safe_open

    # The library checks the file; the mapping is our own, because the library's slices are copies.
    with safe_open(path, framework="numpy") as file:
        name = _choose(path, key, list(file.keys()), "tensor")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[name]
    dtype = _tensor_type(path, entry["dtype"])
    if 0 in entry["shape"]:
        return np.empty(entry["shape"], dtype)
    return np.memmap(path, dtype, "r", offset=8 + length + entry["data_offsets"][0], shape=tuple(entry["shape"]))


def _tensor_type(path: Path, name: str) -> np.dtype:
    if name == "BF16":
        import ml_dtypes  # comes with JAX

        return np.dtype(ml_dtypes.bfloat16)
    kinds = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1", "U8": "u1"}
    if name not in kinds:
        raise UserError(f"{path}: its numbers are of type {name}; known: {', '.join([*kinds, 'BF16'])}")
    return np.dtype("<" + kinds[name])


def _parquet(path: Path, key: str | None) -> np.ndarray:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise UserError(f"{path}: reading Parquet needs pyarrow; install it: pip install pyarrow") from None
    table = pq.read_table(path, columns=None if key is None else [key], memory_map=True).to_pandas()
    if table.shape[1] == 1 and table.iloc[:, 0].map(lambda cell: isinstance(cell, np.ndarray)).all():
        return np.stack([np.asarray(row) for row in table.iloc[:, 0]])
    return _of_table(path, table)


def _csv(path: Path, key: str | None) -> np.ndarray:
    import pandas as pd

    _no_key(path, key)
    first = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False)
    header = None if all(_is_number(cell) for cell in first.iloc[0]) else 0
    return _of_table(path, pd.read_csv(path, header=header))


def _of_table(path: Path, table: Any) -> np.ndarray:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    names = [str(name) for name in table.columns]
    unnamed = [name for name in names if name.startswith(("Unnamed:", "__index_level_"))]
    if unnamed:
        raise UserError(f"{path}: a column has no name ({unnamed[0]}); if it is an index, leave it out of the file")
    other = [
        n for n, kind in zip(names, table.dtypes, strict=True) if not is_numeric_dtype(kind) or is_bool_dtype(kind)
    ]
    if other:
        raise UserError(f"{path}: {_some(other, 'column')} not numbers; leave what is no activation out of the file")
    return table.to_numpy(dtype=np.float64, na_value=np.nan)


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def _some(names: list[str], what: str) -> str:
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{what} {shown} holds" if len(names) == 1 else f"{len(names)} {what}s ({shown}) hold"


def _choose(path: Path, key: str | None, names: list[str], what: str) -> str:
    if not names:
        raise UserError(f"{path}: it holds no {what}")
    if key is None:
        if len(names) > 1:
            raise UserError(f"{path}: it holds {len(names)} {what}s; choose one by --key: {', '.join(names[:8])}")
        return names[0]
    if key not in names:
        raise UserError(f"{path}: no {what} {key!r}; {suggest(key, names)}")
    return key


def _no_key(path: Path, key: str | None) -> None:
    if key is not None:
        raise UserError(f"{path}: it holds one array, so that --key means nothing")


def _pickled(path: Path) -> UserError:
    return UserError(f"{path}: it holds pickled objects, which can run code when read; save plain numbers instead")


_READERS: dict[str, Callable[[Path, str | None], np.ndarray]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".parquet": _parquet,
    ".csv": _csv,
}
