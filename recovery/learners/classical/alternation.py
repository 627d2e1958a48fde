"""What the classical learners share: how they start, replace atoms, start again, and what a fit consists of."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from recovery.coder import SparseCoder
from recovery.learner import Fit
from recovery.learners.replacement import unused_or_duplicate
from recovery.learners.start import Run, Start, atoms_from_samples, best_of, first_atoms, fit_status, unit_scale

META_FIELDS = ("nonnegative", "n_rounds", "start", "n_restarts", "replace_every")
_REPLACING = 0.7


class Round(NamedTuple):
    """What a round leaves: unit columns, the learner's memory, its objective, and what replacement goes by.

    `energy` is the sum of squared codes of each atom, `unexplained` what is left of the samples.
    """

    dictionary: Float[Array, "n_dims n_atoms"]
    memory: Any
    objective: Float[Array, ""]
    energy: Float[Array, " n_atoms"]
    unexplained: Float[Array, "n_seen n_dims"]


@dataclass(frozen=True, kw_only=True)
class Alternation(ABC):
    """A learner that alternates between codes and dictionary, on observations divided by their root mean square norm.

    The first atoms are `first` where `fit` is given it, else normalised samples or random directions (`start`). In the
    first 70% of the `n_rounds` rounds, every `replace_every`-th (0: none) replaces atoms that are hardly used or nearly
    equal to another one by what is left of badly explained samples. Of `n_restarts` runs from different keys that with
    the lowest last objective is kept. `history` holds the objective of each round, taken after the codes and before the
    dictionary has changed. Codes are >= 0 if `nonnegative`.
    """

    nonnegative: bool = True
    n_rounds: int = 100
    start: Start = "samples"
    n_restarts: int = 1
    replace_every: int = 10

    def __post_init__(self) -> None:
        if self.n_rounds < 1 or self.n_restarts < 1 or self.replace_every < 0:
            raise ValueError(
                "n_rounds and n_restarts must be at least 1, and replace_every at least 0, "
                f"got {self.n_rounds}, {self.n_restarts} and {self.replace_every}"
            )
        if self.start not in get_args(Start):
            raise ValueError(f"start must be one of {', '.join(get_args(Start))}, got {self.start!r}")

    def fit(
        self,
        observations: Float[Array, "n_samples n_dims"],
        *,
        n_atoms: int,
        key: PRNGKeyArray,
        first: Float[Array, "n_dims n_atoms"] | None = None,
    ) -> Fit:
        scale = unit_scale(observations)
        learner, data = self._in_units_of(scale), observations / scale
        dictionary, history = best_of(
            lambda key: learner._run(data, n_atoms=n_atoms, key=key, first=first), key, n_runs=self.n_restarts
        )
        return Fit(dictionary, self._encoder(), history, fit_status(dictionary, history))

    def _run(self, data: Array, *, n_atoms: int, key: PRNGKeyArray, first: Array | None) -> Run:
        key_start, key_rounds = jax.random.split(key)
        if first is None:
            first = first_atoms(data, start=self.start, n_atoms=n_atoms, key=key_start)
        return self.improve(data, first, key=key_rounds)

    def improve(
        self, data: Float[Array, "n_samples n_dims"], dictionary: Float[Array, "n_dims n_atoms"], *, key: PRNGKeyArray
    ) -> Run:
        """All rounds from a given dictionary, on data of root mean square norm 1."""
        progress = jnp.linspace(0, 1, self.n_rounds, dtype=data.dtype)
        counted = jnp.arange(1, self.n_rounds + 1)
        replacing = (
            (progress < _REPLACING) & (counted % self.replace_every == 0) if self.replace_every else counted == 0
        )

        def one_round(state: tuple[Array, Any], inputs: tuple[Array, Array, PRNGKeyArray]) -> tuple[Any, Array]:
            progress, replacing, key = inputs
            result = self._round(data, *state, progress=progress, key=jax.random.fold_in(key, 0))
            # A condition, not a choice between both: rounds that replace nothing need not look for bad atoms.
            state = jax.lax.cond(replacing, self._replace, lambda r, _: (r.dictionary, r.memory), result, key)
            return state, result.objective

        start = (dictionary, self._first_memory(data, dictionary))
        (dictionary, _), history = jax.lax.scan(
            one_round, start, (progress, replacing, jax.random.split(key, self.n_rounds))
        )
        return Run(dictionary, history)

    def _replace(self, result: Round, key: PRNGKeyArray) -> tuple[Array, Any]:
        bad = unused_or_duplicate(result.dictionary, result.energy, nonnegative=self.nonnegative)
        fresh = atoms_from_samples(result.unexplained, n_atoms=bad.shape[0], key=key)
        return jnp.where(bad, fresh, result.dictionary), self._forget(result.memory, bad)

    def _in_units_of(self, scale: Float[Array, ""]) -> Self:
        """The same learner for data divided by `scale`."""
        return self

    def _first_memory(self, data: Array, dictionary: Array) -> Any:
        """What the learner keeps from round to round beside the dictionary."""
        return ()

    def _forget(self, memory: Any, replaced: Bool[Array, " n_atoms"]) -> Any:
        """The memory without what it knew of atoms that have been replaced."""
        return memory

    @abstractmethod
    def _round(
        self, data: Array, dictionary: Array, memory: Any, *, progress: Float[Array, ""], key: PRNGKeyArray
    ) -> Round:
        """Codes, then dictionary; `progress` runs from 0 in the first round to 1 in the last."""

    @abstractmethod
    def _encoder(self) -> SparseCoder:
        """The coder that goes with the dictionary, in the units of the observations."""
