"""Arrays in files that are filled a few rows at a time."""

import json
from pathlib import Path
from typing import Literal

import numpy as np

ArrayFormat = Literal["safetensors", "npy"]


def open_rows(folder: Path, name: str, form: ArrayFormat, shape: tuple[int, int], dtype: str) -> np.ndarray:
    """A memory map of the file `name` (tensor and file stem) in `folder`, made anew, to be written to and flushed."""
    path = folder / f"{name}.{form}"
    if form == "npy":
        return np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)
    offset = _write_header(path, name, shape, dtype)
    return np.memmap(path, np.dtype(dtype), "r+", offset=offset, shape=shape)


def _write_header(path: Path, name: str, shape: tuple[int, int], dtype: str) -> int:
    """The header of a safetensors file of one tensor, and room for its numbers; returns where they begin."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    entry = {"dtype": {"float32": "F32", "float64": "F64"}[dtype], "shape": list(shape), "data_offsets": [0, n_bytes]}
    header = json.dumps({name: entry}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + n_bytes)
    return 8 + len(header)
