"""Classical dictionary learning: sparse codes and dictionary in turn."""

from recovery.learners.classical.alternating_mod import AlternatingMod

CLASSICAL: tuple[type, ...] = (AlternatingMod,)

__all__ = ["CLASSICAL", "AlternatingMod"]
