"""What a learner is held against: no fit at all, and fits without sparsity."""

from recovery.learners.references.pca import Pca
from recovery.learners.references.unrelated import UnrelatedDictionary

REFERENCES: tuple[type, ...] = (Pca, UnrelatedDictionary)

__all__ = ["REFERENCES", "Pca", "UnrelatedDictionary"]
