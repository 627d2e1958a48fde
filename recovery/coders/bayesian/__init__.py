"""Bayesian coders: a prior with parameters that the evidence sets."""

from recovery.coders.bayesian.sparse_bayesian_learning import SparseBayesianLearning

BAYESIAN: tuple[type, ...] = (SparseBayesianLearning,)

__all__ = ["BAYESIAN", "SparseBayesianLearning"]
