"""Worlds: frozen configs that turn a key into ground truth with a known dictionary."""

from toymodels.worlds.gaussian_mixing import GaussianMixing
from toymodels.worlds.linear_mixing import LinearMixing
from toymodels.worlds.trained_bottleneck import TrainedBottleneck

WORLDS: dict[str, type] = {world.name: world for world in (TrainedBottleneck, GaussianMixing, LinearMixing)}

__all__ = ["WORLDS", "GaussianMixing", "LinearMixing", "TrainedBottleneck"]
