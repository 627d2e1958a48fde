"""Dictionary learning, the dictionary unknown: one method a file."""

from recovery.learners.alternating import AlternatingMod
from recovery.learners.topk_sae import TopKEncoder, TopKSae
from recovery.learners.unrelated import UnrelatedDictionary

LEARNERS: dict[str, type] = {learner.name: learner for learner in (AlternatingMod, TopKSae, UnrelatedDictionary)}

__all__ = ["LEARNERS", "AlternatingMod", "TopKEncoder", "TopKSae", "UnrelatedDictionary"]
