"""The lasso by the iterative shrinkage-thresholding algorithm."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from recovery.blocks import iterate_in_blocks
from recovery.coders.l1.lasso import soft_threshold, step_size_of
from recovery.coders.l1.lasso_coder import DATA_FIELDS, META_FIELDS, LassoCoder
from recovery.iterate import Outcome

_CHECK_EVERY = 50


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Ista(LassoCoder):
    """min_z 1/2 ||y - A z||^2 + penalty ||z||_1 by proximal gradient steps of size 1 / ||A||^2.

    Penalty, sign, tolerance and residual: `LassoCoder`.

    Daubechies, Defrise & De Mol 2004. It is what FISTA is to be held against, and slow: the gap is looked at every 50
    steps.
    """

    max_iterations: int = 20000

    name: ClassVar[str] = "ista"
    summary: ClassVar[str] = "lasso by proximal gradient without momentum"

    def _solve(self, dictionary: Array, observations: Array, penalty: Array) -> tuple[Array, Outcome]:
        step_size = step_size_of(dictionary)

        def step(codes: Array, observations: Array, penalty: Array) -> Array:
            descent = (observations - codes @ dictionary.T) @ dictionary
            return soft_threshold(codes + step_size * descent, step_size * penalty, nonnegative=self.nonnegative)

        return iterate_in_blocks(
            step,
            lambda codes, observations, penalty: self._judge(dictionary, observations, codes, penalty),
            jnp.zeros((observations.shape[0], dictionary.shape[1]), observations.dtype),
            observations,
            penalty,
            n_latents=dictionary.shape[1],
            max_iterations=self.max_iterations,
            check_every=_CHECK_EVERY,
        )
