"""Random keys from values: the same point and trial have the same key whatever the grid, its order or its chunking."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def key_data(seed: int, values: Mapping[str, Any], trial: int) -> np.ndarray:
    """Two uint32 words for `jax.random.wrap_key_data` (threefry): a SHA-256 of seed, values and trial."""
    text = json.dumps([seed, sorted(values.items()), trial], separators=(",", ":"), allow_nan=False)
    return np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], dtype=np.uint32).copy()


def stack_key_data(seed: int, points: Iterable[tuple[Mapping[str, Any], int]]) -> np.ndarray:
    """[n 2] key words of several (values, trial) pairs."""
    return np.stack([key_data(seed, values, trial) for values, trial in points])
