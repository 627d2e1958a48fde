"""`superposed decompose`: dictionary and codes of somebody's own activations."""

from bench.decompose.command import Settings, Summary, decompose

__all__ = ["Settings", "Summary", "decompose"]
