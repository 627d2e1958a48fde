"""Generators x = g(z): from latents to what a network gets to see, one map a file.

A generator is a pytree drawn by its `draw` from a key, called on samples in rows; the injective ones have `inverse` and
`condition_bound`, which no local condition number exceeds.
"""

from toymodels.generators.conditioned import conditioned_matrix
from toymodels.generators.folded import FoldedGenerator
from toymodels.generators.invertible_mlp import InvertibleMlp
from toymodels.generators.linear import LinearGenerator
from toymodels.generators.piecewise import PiecewiseLinear

__all__ = ["FoldedGenerator", "InvertibleMlp", "LinearGenerator", "PiecewiseLinear", "conditioned_matrix"]
