"""Mixing matrices that are drawn, not trained."""

from toymodels.mixing.correlated import correlated_dictionary
from toymodels.mixing.fourier import fourier_dictionary
from toymodels.mixing.gaussian import gaussian_dictionary
from toymodels.mixing.low_coherence import low_coherence_dictionary
from toymodels.mixing.near import near_dictionary
from toymodels.mixing.orthogonal import orthogonal_dictionary

__all__ = [
    "correlated_dictionary",
    "fourier_dictionary",
    "gaussian_dictionary",
    "low_coherence_dictionary",
    "near_dictionary",
    "orthogonal_dictionary",
]
