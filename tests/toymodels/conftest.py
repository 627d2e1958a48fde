from collections.abc import Callable

import jax
import pytest


@pytest.fixture(autouse=True)
def _no_rank_promotion():
    """An accidental broadcast between arrays of different rank is an error here."""
    with jax.numpy_rank_promotion("raise"):
        yield


class TraceCounter:
    """Jits a function and counts in `n` how often it is traced, that is compiled."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self, function: Callable) -> Callable:
        def traced(*args):
            self.n += 1
            return function(*args)

        return jax.jit(traced)


@pytest.fixture
def count_traces() -> TraceCounter:
    return TraceCounter()
