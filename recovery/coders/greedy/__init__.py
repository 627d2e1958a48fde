"""Greedy pursuits and hard thresholding."""

from recovery.coders.greedy.omp import Omp

GREEDY: tuple[type, ...] = (Omp,)

__all__ = ["GREEDY", "Omp"]
