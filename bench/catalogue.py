"""What there is to choose from."""

from collections.abc import Iterator

from bench.methods import built_in
from bench.studies import get_study, study_names
from toymodels.worlds import WORLDS


def lines() -> Iterator[str]:
    """One line per study, coder, trainer, learner and world: kind, name, what it is."""
    for name in study_names():
        yield _line("study", name, get_study(name).summary)
    for method in built_in().values():
        yield _line(method.kind, method.name, method.summary)
    for name, entry in WORLDS.items():
        yield _line("world", name, entry.summary)


def _line(kind: str, name: str, summary: str) -> str:
    return f"{kind:8} {name:27} {summary}"
