"""The default executor: one chunk after another in this process."""

from collections.abc import Callable, Iterable, Iterator

from bench.executors import Done, Task


class InProcess:
    """Runs tasks in their order."""

    def run(self, work: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        """Yield results in the order of the tasks."""
        return map(work, tasks)
