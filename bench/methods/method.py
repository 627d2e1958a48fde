"""One record for every method, wherever it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from recovery.knowledge import Knowledge

Kind = Literal["coder", "trainer", "learner"]
Solves = Literal["lasso", "basis-pursuit"]

PLUGGED_IN = "plugged in"
"""The family of methods that are not built in."""


@dataclass(frozen=True)
class Method:
    """A way to recover codes.

    `build` sets the method up from what is known of a problem. A "coder" (`SparseCoder`) is given the dictionary, a
    "trainer" (`CoderTrainer`) the dictionary and samples whose codes are known, a "learner" (`DictionaryLearner`)
    observations alone. `host` says that it runs outside of JAX, one problem after another. `solves` names the convex
    problem whose minimum a coder says it finds: "lasso" at the penalty it is told, or "basis-pursuit".
    """

    name: str
    summary: str
    kind: Kind
    build: Callable[[Knowledge], Any]
    host: bool = False
    solves: Solves | None = None
    family: str = PLUGGED_IN
