"""Sparse coding with a known dictionary: one method a file, families in folders."""

from recovery.coders.bayesian import *  # noqa: F403
from recovery.coders.bayesian import BAYESIAN
from recovery.coders.greedy import *  # noqa: F403
from recovery.coders.greedy import GREEDY
from recovery.coders.l1 import *  # noqa: F403
from recovery.coders.l1 import L1
from recovery.coders.message_passing import *  # noqa: F403
from recovery.coders.message_passing import MESSAGE_PASSING

CODERS: dict[str, type] = {coder.name: coder for coder in (*L1, *GREEDY, *MESSAGE_PASSING, *BAYESIAN)}
