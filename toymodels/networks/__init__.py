"""Networks: parameters, forward passes and losses as pure functions, one architecture a module."""

from toymodels.networks import relu_bottleneck
from toymodels.networks.relu_bottleneck import BottleneckParams

__all__ = ["BottleneckParams", "relu_bottleneck"]
