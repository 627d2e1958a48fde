"""The methods that come with the package."""

from bench.methods.method import Kind, Method
from recovery.amortised import TRAINERS
from recovery.coders import CODERS
from recovery.learners import LEARNERS

REGISTRIES: dict[Kind, dict[str, type]] = {"coder": CODERS, "trainer": TRAINERS, "learner": LEARNERS}


def built_in() -> dict[str, Method]:
    """Every built-in method by name."""
    return {
        name: Method(name, entry.summary, kind, entry.suited_to, solves=getattr(entry, "solves", None))
        for kind, registry in REGISTRIES.items()
        for name, entry in registry.items()
    }
