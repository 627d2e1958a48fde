"""The same problems for this package and for others: how long each takes, and how good what comes out is."""

from bench.compare.command import CONTESTS, compare

__all__ = ["CONTESTS", "compare"]
