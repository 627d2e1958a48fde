"""Compiled programs, and no more of them at a time than a process may hold."""

import gc
import time
import weakref
from pathlib import Path
from typing import Any

import jax

_MAPPINGS, _MOST_MAPPINGS = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")
_SHARE = 0.75


class Program:
    """A jitted function, compiled once for each shape and apart from its runs, so that both can be timed.

    On CPUs a compiled program holds some hundred memory mappings as long as it lives. Linux allows a process 65,530 by
    default, and one that compiles when there are no more ends with "LLVM compilation error: Cannot allocate memory", or
    without a word. So all programs are forgotten when three quarters are in use; what is needed again is compiled anew.
    """

    def __init__(self, jitted: Any) -> None:
        self._jitted = jitted
        self._compiled: dict[Any, Any] = {}
        _programs.add(self)

    def timed(self, *arguments: Any) -> tuple[Any, dict[str, float]]:
        """The result, and the seconds that compiling (0 if done before) and running took."""
        start = time.perf_counter()
        leaves, structure = jax.tree.flatten(arguments)
        form = (structure, *((leaf.shape, leaf.dtype) for leaf in leaves))
        if form not in self._compiled:
            if mappings() > _SHARE * _most_mappings():
                forget_programs()
            self._compiled[form] = self._jitted.lower(*arguments).compile()
        compiled = time.perf_counter()
        result = jax.block_until_ready(self._compiled[form](*arguments))
        seconds = {"compile_seconds": compiled - start, "run_seconds": time.perf_counter() - compiled}
        return result, seconds

    def forget(self) -> None:
        self._compiled.clear()


_programs: weakref.WeakSet[Program] = weakref.WeakSet()


def forget_programs() -> None:
    """Give back what all compiled programs of this process hold."""
    for program in list(_programs):
        program.forget()
    jax.clear_caches()
    gc.collect()


def mappings() -> int:
    """Memory mappings of this process; 0 where the system does not say."""
    return _MAPPINGS.read_bytes().count(b"\n") if _MAPPINGS.exists() else 0


def _most_mappings() -> int:
    return int(_MOST_MAPPINGS.read_text()) if _MOST_MAPPINGS.exists() else 65_530
