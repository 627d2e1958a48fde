"""How well codes, supports and dictionaries were recovered. Pure JAX: every function works inside `jit` and `vmap`."""

from analysis.metrics.alignment import align
from analysis.metrics.assignment import match
from analysis.metrics.coherence import coherence
from analysis.metrics.correlation import absolute_correlation
from analysis.metrics.dictionary_similarity import DictionarySimilarity, absolute_cosine, dictionary_similarity
from analysis.metrics.mcc import MeanCorrelation, mean_correlation
from analysis.metrics.nmse import nmse, relative_error
from analysis.metrics.polytope import Polytope, classify_polytope
from analysis.metrics.representation import (
    dimensions_per_feature,
    feature_dimensionality,
    represented,
    represented_fraction,
    superposition,
)
from analysis.metrics.support import SupportScores, support_scores

__all__ = [
    "DictionarySimilarity",
    "MeanCorrelation",
    "Polytope",
    "SupportScores",
    "absolute_correlation",
    "absolute_cosine",
    "align",
    "classify_polytope",
    "coherence",
    "dictionary_similarity",
    "dimensions_per_feature",
    "feature_dimensionality",
    "match",
    "mean_correlation",
    "nmse",
    "relative_error",
    "represented",
    "represented_fraction",
    "superposition",
    "support_scores",
]
