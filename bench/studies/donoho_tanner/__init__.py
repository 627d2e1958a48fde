"""The l1 phase transition of a known Gaussian dictionary, measured and in theory."""

from bench.studies.donoho_tanner.study import STUDY

__all__ = ["STUDY"]
