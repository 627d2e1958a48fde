"""Ground truth: latents -> worlds -> trained networks -> representations."""

from toymodels.counter_key import counter_key
from toymodels.generators import FoldedGenerator, InvertibleMlp, LinearGenerator, PiecewiseLinear
from toymodels.latents import (
    MAGNITUDES,
    Magnitude,
    anticorrelated_blocks,
    bernoulli,
    bernoulli_uniform,
    classes_of,
    clustered,
    compositional,
    correlated_blocks,
    exact_k,
    gaussian_copula,
    group_sparse,
    hierarchy,
    von_mises_fisher,
)
from toymodels.mixing import (
    correlated_dictionary,
    fourier_dictionary,
    gaussian_dictionary,
    low_coherence_dictionary,
    near_dictionary,
    orthogonal_dictionary,
)
from toymodels.networks import BottleneckParams, EncoderParams, encoder, relu_bottleneck
from toymodels.problem import Problem, observe
from toymodels.training import TrainingConfig, train
from toymodels.worlds import WORLDS, GaussianMixing, LinearMixing, TrainedBottleneck

__all__ = [
    "MAGNITUDES",
    "WORLDS",
    "BottleneckParams",
    "EncoderParams",
    "FoldedGenerator",
    "GaussianMixing",
    "InvertibleMlp",
    "LinearGenerator",
    "LinearMixing",
    "Magnitude",
    "PiecewiseLinear",
    "Problem",
    "TrainedBottleneck",
    "TrainingConfig",
    "anticorrelated_blocks",
    "bernoulli",
    "bernoulli_uniform",
    "classes_of",
    "clustered",
    "compositional",
    "correlated_blocks",
    "correlated_dictionary",
    "counter_key",
    "encoder",
    "exact_k",
    "fourier_dictionary",
    "gaussian_copula",
    "gaussian_dictionary",
    "group_sparse",
    "hierarchy",
    "low_coherence_dictionary",
    "near_dictionary",
    "observe",
    "orthogonal_dictionary",
    "relu_bottleneck",
    "train",
    "von_mises_fisher",
]
