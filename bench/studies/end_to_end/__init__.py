"""From a nonlinear world to its latents: all steps in one, and what is lost at each."""

from bench.studies.end_to_end.study import STUDY

__all__ = ["STUDY"]
