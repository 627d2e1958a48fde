"""Classical dictionary learning: sparse codes and dictionary in turn or at once, and independent components."""

from recovery.learners.classical.alternating_mod import AlternatingMod
from recovery.learners.classical.approximate_ksvd import ApproximateKsvd
from recovery.learners.classical.bilinear_amp import BilinearAmp
from recovery.learners.classical.fast_ica import FastIca
from recovery.learners.classical.ksvd import Ksvd
from recovery.learners.classical.mod import Mod
from recovery.learners.classical.online import OnlineDictionaryLearning
from recovery.learners.classical.softplus_adam import SoftplusAdam

CLASSICAL: tuple[type, ...] = (
    AlternatingMod,
    Mod,
    Ksvd,
    ApproximateKsvd,
    OnlineDictionaryLearning,
    SoftplusAdam,
    BilinearAmp,
    FastIca,
)

__all__ = [
    "CLASSICAL",
    "AlternatingMod",
    "ApproximateKsvd",
    "BilinearAmp",
    "FastIca",
    "Ksvd",
    "Mod",
    "OnlineDictionaryLearning",
    "SoftplusAdam",
]
