"""When can a dictionary be learned at all, when by a given learner, and whose failure is it?"""

from bench.studies.dictionary_learning.study import STUDY

__all__ = ["STUDY"]
