"""Dictionary learning, the dictionary unknown: one method a file, families in folders."""

from recovery.learners.autoencoders import *  # noqa: F403
from recovery.learners.autoencoders import AUTOENCODERS
from recovery.learners.classical import *  # noqa: F403
from recovery.learners.classical import CLASSICAL
from recovery.learners.references import *  # noqa: F403
from recovery.learners.references import REFERENCES

LEARNERS: dict[str, type] = {learner.name: learner for learner in (*CLASSICAL, *AUTOENCODERS, *REFERENCES)}
