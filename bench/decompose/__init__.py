"""`superposed decompose`: dictionary and codes of somebody's own activations."""

from bench.decompose.command import decompose, redraw
from bench.decompose.records import Settings, Summary
from bench.decompose.report import sentences

__all__ = ["Settings", "Summary", "decompose", "redraw", "sentences"]
