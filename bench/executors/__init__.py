"""Where chunks are computed. An executor gets picklable tasks and a module-level function, never a closure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Done = TypeVar("Done")


class Executor(Protocol):
    """Runs idempotent tasks, in any order and place, and yields each result when it is there."""

    def run(self, work: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        """Yield `work(task)` for every task. A task may be run again after a failure: its result is the same."""
        ...
