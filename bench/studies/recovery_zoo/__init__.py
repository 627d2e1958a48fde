"""Every coder and every learner on the same problems."""

from bench.studies.recovery_zoo.study import STUDY

__all__ = ["STUDY"]
