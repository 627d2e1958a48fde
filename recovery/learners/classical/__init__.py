"""Classical dictionary learning: sparse codes and dictionary in turn, and independent components."""

from recovery.learners.classical.alternating_mod import AlternatingMod
from recovery.learners.classical.approximate_ksvd import ApproximateKsvd
from recovery.learners.classical.fast_ica import FastIca
from recovery.learners.classical.ksvd import Ksvd
from recovery.learners.classical.mod import Mod
from recovery.learners.classical.online import OnlineDictionaryLearning

CLASSICAL: tuple[type, ...] = (AlternatingMod, Mod, Ksvd, ApproximateKsvd, OnlineDictionaryLearning, FastIca)

__all__ = ["CLASSICAL", "AlternatingMod", "ApproximateKsvd", "FastIca", "Ksvd", "Mod", "OnlineDictionaryLearning"]
