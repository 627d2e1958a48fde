"""Mixing matrices that are drawn, not trained."""

from toymodels.mixing.gaussian import gaussian_dictionary

__all__ = ["gaussian_dictionary"]
