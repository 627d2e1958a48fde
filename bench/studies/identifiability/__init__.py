"""Do networks hold the latents of their data up to a linear map, and which of theory's assumptions matter for it?"""

from bench.studies.identifiability.study import STUDY

__all__ = ["STUDY"]
