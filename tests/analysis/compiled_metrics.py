"""Every metric as one compiled program."""

import inspect
from types import SimpleNamespace

import jax

from analysis import metrics as room


def compiled(function):
    """The function as one compiled program: op by op each of its steps would be compiled by itself."""
    static = {
        "affine",
        "debiased",
        "most",
        "n_classes",
        "n_folds",
        "n_neighbours",
        "n_permutations",
        "n_rounds",
        "n_steps",
        "n_top",
        "rank",
        "signed",
        "variance",
    }
    return jax.jit(function, static_argnames=sorted(static & set(inspect.signature(function).parameters)))


metrics = SimpleNamespace(**{name: compiled(getattr(room, name)) for name in room.__all__ if name[0].islower()})
