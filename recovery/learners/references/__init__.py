"""What a learner is held against: no fit at all, and fits without sparsity."""

from recovery.learners.references.unrelated import UnrelatedDictionary

REFERENCES: tuple[type, ...] = (UnrelatedDictionary,)

__all__ = ["REFERENCES", "UnrelatedDictionary"]
