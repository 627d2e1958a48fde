"""l1 minimisation: the lasso and basis pursuit in their forms."""

from recovery.coders.l1.admm import Admm
from recovery.coders.l1.basis_pursuit import BasisPursuit
from recovery.coders.l1.basis_pursuit_denoising import BasisPursuitDenoising
from recovery.coders.l1.fista import Fista
from recovery.coders.l1.homotopy import Homotopy
from recovery.coders.l1.ista import Ista
from recovery.coders.l1.reweighted_l1 import ReweightedL1
from recovery.coders.l1.sparsa import Sparsa

L1: tuple[type, ...] = (Ista, Fista, Sparsa, Admm, Homotopy, BasisPursuit, BasisPursuitDenoising, ReweightedL1)

__all__ = ["L1", "Admm", "BasisPursuit", "BasisPursuitDenoising", "Fista", "Homotopy", "Ista", "ReweightedL1", "Sparsa"]
