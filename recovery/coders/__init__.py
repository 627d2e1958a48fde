"""Sparse coding with a known dictionary: one method a file."""

from recovery.coders.amp import Amp
from recovery.coders.basis_pursuit import BasisPursuit
from recovery.coders.fista import Fista
from recovery.coders.omp import Omp
from recovery.coders.relu_readout import ReluReadout

CODERS: dict[str, type] = {coder.name: coder for coder in (Amp, BasisPursuit, Fista, Omp, ReluReadout)}

__all__ = ["CODERS", "Amp", "BasisPursuit", "Fista", "Omp", "ReluReadout"]
