"""Classical dictionary learning: sparse codes and least-squares dictionary in turn."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from recovery.coders.l1.fista import Fista, FistaState, cold_start, fista_step
from recovery.coders.l1.lasso import step_size_of
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.start import atoms_from_samples, fit_status, unit_columns, unit_scale

_RIDGE = 1e-3
_DEAD = 0.1
_REPLACE_EVERY = 10
_DUPLICATE = 0.9
_REPLACING = 0.7


class _State(NamedTuple):
    dictionary: Float[Array, "n_dims n_atoms"]
    codes: Float[Array, "n_samples n_atoms"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty_start", "penalty_end", "penalty_fraction"],
    meta_fields=["nonnegative", "n_alternations", "n_code_steps"],
)
@dataclass(frozen=True)
class AlternatingMod:
    """min over D (unit columns) and Z of mean_p 1/2 ||y_p - D z_p||^2 + penalty ||z_p||_1, z >= 0 if `nonnegative`.

    Observations are first divided by their root mean square norm, so that the penalties are free of scale. Each of
    `n_alternations` rounds takes `n_code_steps` FISTA steps from the last codes, then the least-squares dictionary for
    these codes (the method of optimal directions, Engan, Aase & Husoy 1999), its columns scaled to unit norm. The
    penalty falls geometrically from `penalty_start` to `penalty_end` over the rounds. In the first 70% of the rounds,
    every tenth replaces atoms that are unused or nearly equal to another one by what least squares leaves of badly
    explained samples. `history` holds the objective after each round's code steps, at that round's penalty.

    The encoder is `Fista` at `penalty_fraction` of each sample's lambda_max.
    """

    nonnegative: bool = True
    n_alternations: int = 100
    n_code_steps: int = 6
    penalty_start: Float[Array, ""] | float = 0.2
    penalty_end: Float[Array, ""] | float = 0.02
    penalty_fraction: Float[Array, ""] | float = 0.05

    name: ClassVar[str] = "alternating-mod"
    summary: ClassVar[str] = "dictionary learning: l1 codes and least-squares dictionary (MOD) in turn"

    def __post_init__(self) -> None:
        if self.n_alternations < 1 or self.n_code_steps < 1:
            raise ValueError(
                f"n_alternations and n_code_steps must be at least 1, got {self.n_alternations} and {self.n_code_steps}"
            )

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def fit(self, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray) -> Fit:
        data = observations / unit_scale(observations)
        key_start, key_rounds = jax.random.split(key)
        dictionary = atoms_from_samples(data, n_atoms=n_atoms, key=key_start)
        start = _State(dictionary, jnp.zeros((data.shape[0], n_atoms), data.dtype))
        progress = jnp.linspace(0, 1, self.n_alternations, dtype=data.dtype)
        penalties = self.penalty_start * (self.penalty_end / self.penalty_start) ** progress
        rounds = (
            penalties.astype(data.dtype),
            (progress < _REPLACING) & (jnp.arange(self.n_alternations) % _REPLACE_EVERY == _REPLACE_EVERY - 1),
            jax.random.split(key_rounds, self.n_alternations),
        )
        state, history = jax.lax.scan(lambda state, inputs: self._round(data, state, *inputs), start, rounds)
        encoder = Fista(penalty_fraction=self.penalty_fraction, nonnegative=self.nonnegative)
        return Fit(state.dictionary, encoder, history, fit_status(state.dictionary, history))

    def _round(
        self, data: Array, state: _State, penalty: Array, replacing: Array, key: PRNGKeyArray
    ) -> tuple[_State, Float[Array, ""]]:
        codes = self._improve_codes(data, state, penalty)
        squared_error = jnp.sum((data - codes @ state.dictionary.T) ** 2, axis=1)
        objective = jnp.mean(0.5 * squared_error + penalty * jnp.sum(jnp.abs(codes), axis=1))
        updated = _least_squares_dictionary(data, codes, state.dictionary)
        dictionary = unit_columns(updated, state.dictionary)
        bad = replacing & self._dead_or_duplicate(dictionary, codes)
        # What least squares leaves, as the bias of the l1 penalty would only bring back atoms that are there already.
        fresh = atoms_from_samples(data - codes @ updated.T, n_atoms=dictionary.shape[1], key=key)
        return _State(jnp.where(bad, fresh, dictionary), jnp.where(bad, 0, codes)), objective

    def _improve_codes(self, data: Array, state: _State, penalty: Array) -> Float[Array, "n_samples n_atoms"]:
        step_size = step_size_of(state.dictionary)
        penalties = jnp.broadcast_to(penalty, data.shape[:1])

        def step(_: Array, fista: FistaState) -> FistaState:
            return fista_step(fista, state.dictionary, data, penalties, step_size, nonnegative=self.nonnegative)

        return jax.lax.fori_loop(0, self.n_code_steps, step, cold_start(state.codes)).codes

    def _dead_or_duplicate(self, dictionary: Array, codes: Array) -> Bool[Array, " n_atoms"]:
        energy = jnp.sum(codes**2, axis=0)
        cosines = dictionary.T @ dictionary
        # Opposite atoms are two atoms where codes are non-negative, and one where they are signed.
        likeness = jnp.triu(cosines if self.nonnegative else jnp.abs(cosines), k=1)
        return (energy <= _DEAD * jnp.mean(energy)) | (jnp.max(likeness, axis=0) > _DUPLICATE)


def _least_squares_dictionary(data: Array, codes: Array, dictionary: Array) -> Array:
    """The dictionary that explains the data best with these codes; an atom without codes stays as it is."""
    gram = codes.T @ codes
    ridge = _RIDGE * jnp.max(jnp.diagonal(gram)) + jnp.finfo(gram.dtype).tiny
    factor = jnp.linalg.cholesky(gram + ridge * jnp.eye(gram.shape[0], dtype=gram.dtype))
    # The ridge pulls towards the last dictionary, not towards zero.
    target = codes.T @ data + ridge * dictionary.T
    return cho_solve((factor, True), target).T
