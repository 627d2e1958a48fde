"""Dictionaries of networks trained on real images, and of the images themselves."""

from bench.studies.real_data.study import STUDY

__all__ = ["STUDY"]
