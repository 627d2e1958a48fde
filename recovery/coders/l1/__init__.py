"""l1 minimisation: the lasso and basis pursuit in their forms."""

from recovery.coders.l1.basis_pursuit import BasisPursuit
from recovery.coders.l1.fista import Fista

L1: tuple[type, ...] = (BasisPursuit, Fista)

__all__ = ["L1", "BasisPursuit", "Fista"]
