"""Latent priors: functions of a key that draw codes, one sample a row."""

from toymodels.latents.bernoulli_uniform import bernoulli_uniform
from toymodels.latents.exact_k import exact_k
from toymodels.latents.zipf import zipf, zipf_densities

__all__ = ["bernoulli_uniform", "exact_k", "zipf", "zipf_densities"]
