"""Reweighted l1 minimisation."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recovery.coders.l1.fista import Fista
from recovery.coders.l1.lasso import step_size_of
from recovery.coders.l1.lasso_coder import DATA_FIELDS, META_FIELDS
from recovery.iterate import Outcome

_FLOOR = 0.1


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=(*META_FIELDS, "n_rounds"))
@dataclass(frozen=True)
class ReweightedL1(Fista):
    """min_z 1/2 ||y - A z||^2 + penalty sum_i w_i |z_i|, w_i = floor / (|z_i| + floor) from the round before.

    The first round is the lasso, `n_rounds` more follow, each solved by FISTA from the last codes to the tolerance or
    for `max_iterations` steps. The floor is a tenth of each sample's largest code in the first round. The residual
    reported is the relative duality gap of the last round's convex problem, whose weights `weights_of` gives.

    Penalty, sign, tolerance and residual: `LassoCoder`.

    Candes, Wakin & Boyd 2008, for the lasso in place of the equality constraint.
    """

    n_rounds: int = 3

    name: ClassVar[str] = "reweighted-l1"
    summary: ClassVar[str] = "lasso solved again with penalties that spare what was large before"
    solves: ClassVar[str | None] = None

    def _solve(self, dictionary: Array, observations: Array, penalty: Array) -> tuple[Array, Outcome]:
        step_size = step_size_of(dictionary)

        def solve(codes: Array, weights: Array) -> tuple[Array, Outcome]:
            return self._from(codes, dictionary, observations, penalty[:, None] * weights, step_size)

        codes = jnp.zeros((observations.shape[0], dictionary.shape[1]), observations.dtype)
        codes, outcome = solve(codes, jnp.ones_like(codes))
        floor = _FLOOR * jnp.max(jnp.abs(codes), axis=1, keepdims=True)

        def again(_: Array, carried: tuple[Array, Outcome]) -> tuple[Array, Outcome]:
            codes, outcome = carried
            new, latest = solve(codes, weights_of(codes, floor))
            return new, latest._replace(iterations=outcome.iterations + latest.iterations)

        return jax.lax.fori_loop(0, self.n_rounds, again, (codes, outcome))


def weights_of(
    codes: Float[Array, "n_samples n_latents"], floor: Float[Array, "n_samples 1"]
) -> Float[Array, "n_samples n_latents"]:
    """floor / (|z| + floor): 1 for what is zero, small for what is large; 1 everywhere where nothing is found."""
    return jnp.where(floor > 0, floor / (jnp.abs(codes) + jnp.where(floor > 0, floor, 1)), 1)
