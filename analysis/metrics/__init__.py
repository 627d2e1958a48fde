"""How well codes, supports and dictionaries were recovered. Pure JAX: every function works inside `jit` and `vmap`.

With the truth known: matched correlations and cosines, errors, supports, linear read-out, DCI, splitting. Between two
representations without a truth: CKA, RSA, CCA, Procrustes and soft matching, stability. Of one representation and an
embedding or labels of its items: intrusion, monosemanticity, selectivity. Of one dictionary: coherence, Babel function,
conditions of exact recovery. Downstream: a linear classifier, anomaly scores and the area under their curve. Of atoms
of image patches: how localised, oriented and Gabor-like they are.
"""

from analysis.metrics.alignment import align
from analysis.metrics.amari import amari_distance, amari_index
from analysis.metrics.anomaly import mahalanobis_distance, neighbour_distance
from analysis.metrics.assignment import match
from analysis.metrics.auroc import auroc
from analysis.metrics.cca import canonical_correlations, svcca
from analysis.metrics.chance_correction import chance_corrected, permuted_mean_correlation
from analysis.metrics.cka import linear_cka
from analysis.metrics.coherence import coherence
from analysis.metrics.correlation import absolute_correlation, absolute_rank_correlation
from analysis.metrics.dci import DciScores, dci
from analysis.metrics.degenerate import dead_atoms, duplicate_atoms
from analysis.metrics.dictionary_similarity import DictionarySimilarity, absolute_cosine, dictionary_similarity
from analysis.metrics.exact_recovery import SupportConditions, babel_sum, support_conditions
from analysis.metrics.intrusion import fellowship, intrusion_accuracy, intrusion_round
from analysis.metrics.linear_r2 import LinearR2, linear_r2
from analysis.metrics.mcc import MeanCorrelation, mean_correlation
from analysis.metrics.monosemanticity import mean_cosine, monosemanticity
from analysis.metrics.nmse import nmse, relative_error
from analysis.metrics.polytope import Polytope, classify_polytope
from analysis.metrics.procrustes import procrustes_distance
from analysis.metrics.receptive_field import GaborFit, area_fraction, fit_gabor, orientation_selectivity
from analysis.metrics.representation import (
    dimensions_per_feature,
    feature_dimensionality,
    represented,
    represented_fraction,
    superposition,
)
from analysis.metrics.rsa import representational_similarity
from analysis.metrics.selectivity import class_selectivity
from analysis.metrics.soft_matching import soft_matching_distance
from analysis.metrics.softmax_probe import SoftmaxProbe, fit_softmax_probe
from analysis.metrics.splitting import Absorption, Splitting, feature_absorption, feature_splitting
from analysis.metrics.stability import Stability, dictionary_stability
from analysis.metrics.subspace import principal_angles
from analysis.metrics.support import SupportScores, exact_support_rate, support_scores

__all__ = [
    "Absorption",
    "DciScores",
    "DictionarySimilarity",
    "GaborFit",
    "LinearR2",
    "MeanCorrelation",
    "Polytope",
    "SoftmaxProbe",
    "Splitting",
    "Stability",
    "SupportConditions",
    "SupportScores",
    "absolute_correlation",
    "absolute_cosine",
    "absolute_rank_correlation",
    "align",
    "amari_distance",
    "amari_index",
    "area_fraction",
    "auroc",
    "babel_sum",
    "canonical_correlations",
    "chance_corrected",
    "class_selectivity",
    "classify_polytope",
    "coherence",
    "dci",
    "dead_atoms",
    "dictionary_similarity",
    "dictionary_stability",
    "dimensions_per_feature",
    "duplicate_atoms",
    "exact_support_rate",
    "feature_absorption",
    "feature_dimensionality",
    "feature_splitting",
    "fellowship",
    "fit_gabor",
    "fit_softmax_probe",
    "intrusion_accuracy",
    "intrusion_round",
    "linear_cka",
    "linear_r2",
    "mahalanobis_distance",
    "match",
    "mean_correlation",
    "mean_cosine",
    "monosemanticity",
    "neighbour_distance",
    "nmse",
    "orientation_selectivity",
    "permuted_mean_correlation",
    "principal_angles",
    "procrustes_distance",
    "relative_error",
    "representational_similarity",
    "represented",
    "represented_fraction",
    "soft_matching_distance",
    "superposition",
    "support_conditions",
    "support_scores",
    "svcca",
]
