"""Bayesian coders: a prior with parameters that the evidence sets."""

BAYESIAN: tuple[type, ...] = ()

__all__ = ["BAYESIAN"]
