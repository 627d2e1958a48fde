"""Networks: parameters, forward passes and losses as pure functions, one architecture a module."""

from toymodels.networks import absolute_value, encoder, linear_bottleneck, perceptron, relu_bottleneck
from toymodels.networks.absolute_value import AbsoluteValueParams
from toymodels.networks.attack import l2_attack
from toymodels.networks.encoder import EncoderParams
from toymodels.networks.perceptron import PerceptronParams
from toymodels.networks.relu_bottleneck import BottleneckParams

__all__ = [
    "AbsoluteValueParams",
    "BottleneckParams",
    "EncoderParams",
    "PerceptronParams",
    "absolute_value",
    "encoder",
    "l2_attack",
    "linear_bottleneck",
    "perceptron",
    "relu_bottleneck",
]
