"""Matching pursuit for a number of steps, or until enough is explained."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.encoders.one_pass import one_pass_solution
from recovery.rows import largest_entry
from recovery.solution import Solution


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["centre", "n_active", "tolerance"],
    meta_fields=["n_nonzero", "nonnegative"],
)
@dataclass(frozen=True)
class MatchingPursuitEncoder:
    """`n_active` steps, each of which takes off the atom that is best correlated with what is left of y - centre.

    A step adds the correlation to the atom's code; if `nonnegative`, positive correlations alone count. No step is
    taken where what is left has at most `tolerance` times the norm of y - centre. `n_active` may be traced; `n_nonzero`
    is the static limit on it. Atoms are taken as they are, and should have unit norm. There is nothing to converge:
    iterations are 1 and the status as in encoders of one pass.

    Mallat & Zhang 1993, Costa et al. 2025.
    """

    centre: Float[Array, " n_dims"]
    n_active: Int[Array, ""] | Float[Array, ""] | float
    n_nonzero: int
    nonnegative: bool = True
    tolerance: Float[Array, ""] | float = 0.0

    name: ClassVar[str] = "matching-pursuit-encoder"
    summary: ClassVar[str] = "matching pursuit for a number of steps or until enough is explained"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_atoms"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        missing = observations - self.centre[None, :]
        chosen = self.choose(dictionary, missing)
        taken, _ = self.take(dictionary, missing, chosen)
        return one_pass_solution(dictionary, observations, scatter(chosen, taken, dictionary.shape[1]))

    def choose(
        self, dictionary: Float[Array, "n_dims n_atoms"], missing: Float[Array, "n_samples n_dims"]
    ) -> Int[Array, "n_samples n_nonzero"]:
        """The atom of each step, -1 where there is none: no step, or nothing left to take."""
        enough = self.tolerance * jnp.linalg.norm(missing, axis=1)

        def step(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            missing, chosen = state
            score = missing @ dictionary
            size = score if self.nonnegative else jnp.abs(score)
            place, best = largest_entry(size)
            atom = jnp.where((best > 0) & (jnp.linalg.norm(missing, axis=1) > enough), place, -1)
            _, missing = _take_one(dictionary, missing, atom)
            return missing, chosen.at[:, i].set(atom)

        none = jnp.full((missing.shape[0], self.n_nonzero), -1)
        n_steps = jnp.minimum(self.n_active, self.n_nonzero)
        return jax.lax.fori_loop(0, n_steps, step, (missing, none))[1]

    def take(
        self,
        dictionary: Float[Array, "n_dims n_atoms"],
        missing: Float[Array, "n_samples n_dims"],
        chosen: Int[Array, "n_samples n_nonzero"],
    ) -> tuple[Float[Array, "n_samples n_nonzero"], Float[Array, "n_samples n_dims"]]:
        """How much each step takes, and what is left after all; differentiable, which `choose` is not."""

        def step(missing: Array, atom: Array) -> tuple[Array, Array]:
            size, missing = _take_one(dictionary, missing, atom)
            return missing, size

        missing, taken = jax.lax.scan(step, missing, chosen.T)
        return taken.T, missing


def scatter(
    chosen: Int[Array, "n_samples n_nonzero"], taken: Float[Array, "n_samples n_nonzero"], n_atoms: int
) -> Float[Array, "n_samples n_atoms"]:
    """Codes from what each step takes; an atom may be taken again."""
    rows = jnp.arange(chosen.shape[0])[:, None]
    return jnp.zeros((chosen.shape[0], n_atoms), taken.dtype).at[rows, jnp.maximum(chosen, 0)].add(taken)


def _take_one(dictionary: Array, missing: Array, atom: Array) -> tuple[Array, Array]:
    direction = jnp.where((atom >= 0)[:, None], dictionary.T[jnp.maximum(atom, 0)], 0)
    size = jnp.sum(direction * missing, axis=1)
    return size, missing - size[:, None] * direction
