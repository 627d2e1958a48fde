"""How our entrants start."""

from collections.abc import Callable
from typing import Any

import jax


def compiled(solve: Callable[..., Any], arguments: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], Any]:
    """The `start` of an entrant that calls `solve`, a function of arrays, on the `arguments` of each problem."""

    def start(one: Any) -> Callable[[Any], Any]:
        ready = jax.jit(solve).lower(*arguments(one)).compile()
        return lambda problem: jax.block_until_ready(ready(*arguments(problem)))

    return start
