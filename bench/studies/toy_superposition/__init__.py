"""The figures of Elhage et al. (2022), measured again and held against what the paper shows."""

from bench.studies.toy_superposition.study import STUDY

__all__ = ["STUDY"]
