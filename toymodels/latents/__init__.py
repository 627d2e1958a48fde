"""Latent priors: functions of a key that draw codes, one sample a row."""

from toymodels.latents.anticorrelated_blocks import anticorrelated_blocks
from toymodels.latents.bernoulli import bernoulli
from toymodels.latents.bernoulli_uniform import bernoulli_uniform
from toymodels.latents.clustered import CLUSTER_SHAPES, classes_of, clustered, sphere
from toymodels.latents.compositional import compositional
from toymodels.latents.correlated_blocks import correlated_blocks
from toymodels.latents.exact_k import exact_k
from toymodels.latents.gaussian_copula import gaussian_copula
from toymodels.latents.group_sparse import group_sparse
from toymodels.latents.hierarchy import hierarchy
from toymodels.latents.magnitudes import MAGNITUDES, Magnitude
from toymodels.latents.von_mises_fisher import von_mises_fisher
from toymodels.latents.zipf import zipf, zipf_densities

__all__ = [
    "CLUSTER_SHAPES",
    "MAGNITUDES",
    "Magnitude",
    "anticorrelated_blocks",
    "bernoulli",
    "bernoulli_uniform",
    "classes_of",
    "clustered",
    "compositional",
    "correlated_blocks",
    "exact_k",
    "gaussian_copula",
    "group_sparse",
    "hierarchy",
    "sphere",
    "von_mises_fisher",
    "zipf",
    "zipf_densities",
]
