"""Orthogonal matching pursuit, batched."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from recovery.blocks import in_blocks
from recovery.coder import ResidualKind
from recovery.iterate import Outcome, Verdict, conclude, freeze, iterate
from recovery.knowledge import Knowledge
from recovery.residual import relative_norm, relative_residual
from recovery.rows import largest_entry, row_norm, row_sum
from recovery.scale import scale_of
from recovery.solution import Solution

_MOST_LEFT = 0.5
"""Share of an atom's length that has to be left beside the basis for one orthogonalisation to do."""


class _State(NamedTuple):
    """A thin QR factorisation of the chosen atoms, one row a choice; rows not yet used are zero (and identity in R)."""

    basis: Float[Array, "n_samples n_nonzero n_dims"]
    triangle: Float[Array, "n_samples n_nonzero n_nonzero"]
    loadings: Float[Array, "n_samples n_nonzero"]
    support: Int[Array, "n_samples n_nonzero"]
    tried: Bool[Array, "n_samples n_latents"]
    n_chosen: Int[Array, " n_samples"]
    residual: Float[Array, "n_samples n_dims"]
    exhausted: Bool[Array, " n_samples"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["n_active", "noise_std", "tolerance", "min_norm"],
    meta_fields=["n_nonzero", "nonnegative"],
)
@dataclass(frozen=True)
class Omp:
    """Greedy choice of the atom best correlated with the residual, then least squares on all chosen atoms.

    Atoms are compared by |a.r| / ||a||; those whose norm is below `min_norm` times the largest are never chosen. A
    sample has converged as soon as ||r|| is at most max(noise_std * sqrt(M), tolerance * ||y||), or `n_active` atoms
    are chosen (None: no such rule; a scalar or one number a sample), or no atom that is left correlates with the
    residual. `n_nonzero` is the static limit on atoms chosen, at most M of use; a sample that reaches it without any
    of these is reported as `MAX_ITERATIONS`. The residual reported is ||y - A z|| / ||y||.

    If `nonnegative`, only positive correlations count, and an atom is refused for good if with it the least-squares
    coefficients of the support would not all be positive; so codes are >= 0, and least squares on their support. This
    is simpler than the non-negative least squares in every step of Bruckstein, Elad & Zibulevsky 2008. Attempts are
    limited to 4 n_nonzero.

    Pati, Rezaiifar & Krishnaprasad 1993. The least squares are updated by a QR factorisation of the chosen atoms
    (Gram-Schmidt, applied twice where an atom is near to those before), not solved afresh.
    """

    n_nonzero: int
    n_active: Int[Array, "..."] | int | None = None
    noise_std: Float[Array, ""] | float = 0.0
    tolerance: Float[Array, ""] | float = 1e-6
    nonnegative: bool = False
    min_norm: Float[Array, ""] | float = 1e-3

    name: ClassVar[str] = "omp"
    summary: ClassVar[str] = "orthogonal matching pursuit: greedy atoms, least squares on the support"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __post_init__(self) -> None:
        if self.n_nonzero < 1:
            raise ValueError(f"n_nonzero must be at least 1, got {self.n_nonzero}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(
            n_nonzero=min(knowledge.max_active, knowledge.n_dims),
            n_active=knowledge.n_active if knowledge.exact else None,
            noise_std=0.0 if knowledge.exact else knowledge.noise_std,
            nonnegative=knowledge.nonnegative,
        )

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        scale = scale_of(observations)
        known = {"noise_std": self.noise_std / scale}
        if self.n_active is not None:
            known["n_active"] = jnp.broadcast_to(jnp.asarray(self.n_active), scale.shape)

        def solve(dictionary: Array, some: Array, *of_each: Array) -> tuple[Array, Outcome]:
            return replace(self, **dict(zip(known, of_each, strict=True)))._solve(dictionary, some)

        codes, outcome = in_blocks(solve, dictionary, observations / scale[:, None], *known.values())
        return conclude(codes * scale[:, None], outcome)

    def _solve(
        self, dictionary: Float[Array, "n_dims n_latents"], observations: Float[Array, "n_samples n_dims"]
    ) -> tuple[Float[Array, "n_samples n_latents"], Outcome]:
        n_samples, n_latents = observations.shape[0], dictionary.shape[1]
        size = row_norm(observations)

        def judge(state: _State) -> Verdict:
            missing = relative_norm(state.residual, observations)
            return Verdict(missing, self._ended(state, size), state.n_chosen >= self.n_nonzero)

        empty = _empty(observations, self.n_nonzero, n_latents)
        state, outcome = iterate(
            lambda state: self._step(dictionary, size, state),
            judge,
            # Nothing is judged before the first step.
            empty._replace(exhausted=self._ended(empty, size)),
            n_samples=n_samples,
            max_iterations=4 * self.n_nonzero if self.nonnegative else self.n_nonzero + 1,
        )
        codes = _scatter(state.support, _coefficients(state.triangle, state.loadings), n_latents)
        return codes, outcome._replace(residual=relative_residual(dictionary, observations, codes))

    def _ended(self, state: _State, size: Float[Array, " n_samples"]) -> Bool[Array, " n_samples"]:
        allowed = jnp.maximum(self.noise_std * state.residual.shape[1] ** 0.5, self.tolerance * size)
        ended = state.exhausted | (row_norm(state.residual) <= allowed)
        return ended if self.n_active is None else ended | (state.n_chosen >= self.n_active)

    def _step(self, dictionary: Array, size: Float[Array, " n_samples"], state: _State) -> _State:
        atom, length, index, exhausted = self._best_atom(dictionary, size, state)
        new, norm, projections = _orthogonalise(state.basis, atom, length, jnp.max(state.n_chosen))
        slot = jax.nn.one_hot(state.n_chosen, self.n_nonzero, dtype=atom.dtype)
        column = projections + slot * norm[:, None]
        triangle = jnp.where(slot[:, None, :] > 0, column[:, :, None], state.triangle)
        loading = row_sum(new * state.residual)[:, None]

        independent = norm > jnp.sqrt(jnp.finfo(atom.dtype).eps) * length
        accepted = independent & ~exhausted
        if self.nonnegative:
            coefficients = _coefficients(triangle, state.loadings + slot * loading)
            used = jnp.arange(self.n_nonzero) <= state.n_chosen[:, None]
            accepted &= jnp.all((coefficients > 0) | ~used, axis=1)
        grown = _State(
            basis=jnp.where(slot[:, :, None] > 0, new[:, None, :], state.basis),
            triangle=triangle,
            loadings=state.loadings + slot * loading,
            support=jnp.where(slot > 0, index[:, None], state.support),
            tried=state.tried,
            n_chosen=state.n_chosen + 1,
            residual=state.residual - new * loading,
            exhausted=exhausted,
        )
        tried = state.tried | jax.nn.one_hot(index, dictionary.shape[1], dtype=bool)
        kept = freeze(~accepted, state, grown)
        return kept._replace(tried=tried, exhausted=exhausted)

    def _best_atom(self, dictionary: Array, size: Array, state: _State) -> tuple[Array, Array, Array, Array]:
        """The atom to try next, its length, its index, and whether none is worth trying."""
        norms: Array = jnp.linalg.norm(dictionary, axis=0)
        usable = (norms > 0) & (norms >= self.min_norm * jnp.max(norms))
        scores = (state.residual @ dictionary) * jnp.where(usable, 1 / jnp.where(usable, norms, 1), 0)
        scores = scores if self.nonnegative else jnp.abs(scores)
        scores = jnp.where(state.tried, 0, scores)
        index, largest = largest_entry(scores)
        rounding = 10 * jnp.finfo(scores.dtype).eps * size
        return dictionary.T[index], norms[index], index, state.exhausted | (largest <= rounding)


def _empty(observations: Float[Array, "n_samples n_dims"], n_nonzero: int, n_latents: int) -> _State:
    n_samples, n_dims = observations.shape
    dtype = observations.dtype
    return _State(
        basis=jnp.zeros((n_samples, n_nonzero, n_dims), dtype),
        triangle=jnp.broadcast_to(jnp.eye(n_nonzero, dtype=dtype), (n_samples, n_nonzero, n_nonzero)),
        loadings=jnp.zeros((n_samples, n_nonzero), dtype),
        support=jnp.zeros((n_samples, n_nonzero), jnp.int32),
        tried=jnp.zeros((n_samples, n_latents), bool),
        n_chosen=jnp.zeros(n_samples, jnp.int32),
        residual=observations,
        exhausted=jnp.zeros(n_samples, bool),
    )


def _orthogonalise(
    basis: Float[Array, "n_samples n_nonzero n_dims"],
    atom: Float[Array, "n_samples n_dims"],
    length: Float[Array, " n_samples"],
    n_used: Int[Array, ""],
) -> tuple[Float[Array, "n_samples n_dims"], Float[Array, " n_samples"], Float[Array, "n_samples n_nonzero"]]:
    """The unit vector an atom adds to the basis, its length before scaling, and the atom's part along the basis.

    `length` is the atom's, and `n_used` is how many rows of the basis are not zero at most.
    """

    def without(slot: Array, found: tuple[Array, Array]) -> tuple[Array, Array]:
        part, rest = found
        unit = jax.lax.dynamic_index_in_dim(basis, slot, 1, keepdims=False)
        along = row_sum(unit * rest)
        return part.at[:, slot].add(along), rest - along[:, None] * unit

    def again(part: Array, rest: Array, _: Array) -> tuple[Array, Array, Array]:
        part, rest = jax.lax.fori_loop(0, n_used, without, (part, rest))
        return part, rest, row_norm(rest)

    part, rest, norm = again(jnp.zeros(basis.shape[:2], basis.dtype), atom, length)
    # Where most of the atom is left, rounding left little of the basis in it (Daniel et al. 1976).
    little = norm < _MOST_LEFT * length
    found: tuple[Array, Array, Array] = jax.lax.cond(jnp.any(little), again, lambda *same: same, part, rest, norm)
    part, rest, norm = found
    return rest / jnp.where(norm == 0, 1, norm)[:, None], norm, part


def _coefficients(
    triangle: Float[Array, "n_samples n_nonzero n_nonzero"], loadings: Float[Array, "n_samples n_nonzero"]
) -> Float[Array, "n_samples n_nonzero"]:
    """Least-squares coefficients of the chosen atoms, 0 in slots that are not used."""
    return solve_triangular(triangle, loadings[..., None])[..., 0]


def _scatter(
    support: Int[Array, "n_samples n_nonzero"], coefficients: Float[Array, "n_samples n_nonzero"], n_latents: int
) -> Float[Array, "n_samples n_latents"]:
    rows = jnp.arange(support.shape[0])[:, None]
    return jnp.zeros((support.shape[0], n_latents), coefficients.dtype).at[rows, support].add(coefficients)
