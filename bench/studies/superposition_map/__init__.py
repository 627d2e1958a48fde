"""The main job: trained superposition, recovery with and without the dictionary, and theory over the map."""

from bench.studies.superposition_map.study import STUDY

__all__ = ["STUDY"]
