"""Latent priors: functions of a key that draw codes, one sample a row."""

from toymodels.latents.bernoulli_uniform import bernoulli_uniform
from toymodels.latents.exact_k import exact_k

__all__ = ["bernoulli_uniform", "exact_k"]
