"""Greedy pursuits and hard thresholding."""

from recovery.coders.greedy.cosamp import CoSaMP
from recovery.coders.greedy.htp import Htp
from recovery.coders.greedy.iht import Iht
from recovery.coders.greedy.mp import Mp
from recovery.coders.greedy.niht import Niht
from recovery.coders.greedy.omp import Omp
from recovery.coders.greedy.subspace_pursuit import SubspacePursuit

GREEDY: tuple[type, ...] = (Mp, Omp, CoSaMP, SubspacePursuit, Iht, Niht, Htp)

__all__ = ["GREEDY", "CoSaMP", "Htp", "Iht", "Mp", "Niht", "Omp", "SubspacePursuit"]
