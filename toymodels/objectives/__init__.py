"""What encoders are trained for: losses of a batch of features as pure functions, one objective a module."""

from toymodels.objectives import autoencoder, cross_entropy, info_nce, instance_discrimination, regression
from toymodels.objectives.heads import LinearHead, unit_features

__all__ = [
    "LinearHead",
    "autoencoder",
    "cross_entropy",
    "info_nce",
    "instance_discrimination",
    "regression",
    "unit_features",
]
