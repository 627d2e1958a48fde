"""Combinations never seen together: which methods still read the latents right?"""

from bench.studies.compositional_ood.study import STUDY

__all__ = ["STUDY"]
