"""What there is to choose from."""

from collections.abc import Iterator

from bench.studies import MODULES, get_study
from recovery.coders import CODERS
from recovery.learners import LEARNERS
from toymodels.worlds import WORLDS


def lines() -> Iterator[str]:
    """One line per study, coder, learner and world: kind, name, what it is."""
    for name in MODULES:
        yield _line("study", name, get_study(name).summary)
    for kind, entries in (("coder", CODERS), ("learner", LEARNERS), ("world", WORLDS)):
        for name, entry in entries.items():
            yield _line(kind, name, entry.summary)


def _line(kind: str, name: str, summary: str) -> str:
    return f"{kind:8} {name:24} {summary}"
