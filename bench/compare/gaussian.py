"""Gaussian dictionaries and K-sparse codes in NumPy and float64."""

import numpy as np
from jaxtyping import Float


def unit_columns(rng: np.random.Generator, *shape: int) -> Float[np.ndarray, "*batch n_dims n_latents"]:
    """Dictionaries of that shape, their atoms uniform on the sphere."""
    dictionaries = rng.standard_normal(shape)
    return dictionaries / np.linalg.norm(dictionaries, axis=-2, keepdims=True)


def sparse_codes(
    rng: np.random.Generator, shape: tuple[int, ...], n_active: int | np.ndarray
) -> Float[np.ndarray, "*batch n_latents"]:
    """Codes of that shape of which `n_active` (an array broadcasts against it) are normal, the others zero."""
    order = rng.random(shape).argsort(axis=-1)
    return np.where(order < n_active, rng.standard_normal(shape), 0.0)
