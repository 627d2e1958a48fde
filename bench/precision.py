"""The floating type of everything computed within."""

import contextlib
from collections.abc import Iterator

import jax


@contextlib.contextmanager
def precision(name: str) -> Iterator[None]:
    """Compute in "float32" or "float64".

    The setting is the whole process's and not the thread's, because calls to the host run in threads of their own,
    and would else round what they are given.
    """
    before = bool(jax.config.read("jax_enable_x64"))
    jax.config.update("jax_enable_x64", name == "float64")
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
