"""Ground truth: latents -> worlds -> trained networks -> representations."""

from toymodels.latents import bernoulli_uniform, exact_k
from toymodels.mixing import gaussian_dictionary
from toymodels.networks import BottleneckParams, relu_bottleneck
from toymodels.problem import Problem, observe
from toymodels.training import TrainingConfig, train
from toymodels.worlds import WORLDS, GaussianMixing, LinearMixing, TrainedBottleneck

__all__ = [
    "WORLDS",
    "BottleneckParams",
    "GaussianMixing",
    "LinearMixing",
    "Problem",
    "TrainedBottleneck",
    "TrainingConfig",
    "bernoulli_uniform",
    "exact_k",
    "gaussian_dictionary",
    "observe",
    "relu_bottleneck",
    "train",
]
