"""The methods that come with the package, by family."""

from bench.methods.method import Kind, Method
from recovery.amortised import TRAINERS
from recovery.coders.bayesian import BAYESIAN
from recovery.coders.greedy import GREEDY
from recovery.coders.l1 import L1
from recovery.coders.message_passing import MESSAGE_PASSING
from recovery.learners.autoencoders import AUTOENCODERS
from recovery.learners.classical import CLASSICAL
from recovery.learners.references import REFERENCES

FAMILIES: tuple[tuple[str, Kind, tuple[type, ...]], ...] = (
    ("l1", "coder", L1),
    ("greedy", "coder", GREEDY),
    ("message passing", "coder", MESSAGE_PASSING),
    ("Bayesian", "coder", BAYESIAN),
    ("trained on codes", "trainer", tuple(TRAINERS.values())),
    ("classical learners", "learner", CLASSICAL),
    ("autoencoders", "learner", AUTOENCODERS),
    ("references", "learner", REFERENCES),
)


def built_in() -> dict[str, Method]:
    """Every built-in method by name, family by family."""
    return {
        entry.name: Method(
            entry.name, entry.summary, kind, entry.suited_to, solves=getattr(entry, "solves", None), family=family
        )
        for family, kind, entries in FAMILIES
        for entry in entries
    }
