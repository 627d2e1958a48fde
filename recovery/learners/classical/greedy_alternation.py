"""What the learners with greedy codes share: how many atoms a sample may have, and how it is coded."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from recovery.coders.greedy.omp import Omp
from recovery.coders.greedy.pursuit import number_active
from recovery.knowledge import Knowledge
from recovery.learners.classical.alternation import META_FIELDS, Alternation, Round

DATA_FIELDS = ("n_active", "noise_std")
META_FIELDS = ("n_nonzero", *META_FIELDS)


@dataclass(frozen=True, kw_only=True)
class GreedyAlternation(Alternation):
    """min over D (unit columns) and Z of mean_p 1/2 ||y_p - D z_p||^2, each z_p with at most K non-zeros.

    Codes are found by `Omp`, from scratch in every round, then the dictionary is updated. K is `n_active`, which may be
    traced (None: `n_nonzero`); coding a sample also ends when its residual is down to the noise. `n_nonzero` is the
    static limit on K, and what coding allocates: it should not be much larger. `suited_to` takes K itself where that
    is a plain number, and otherwise at most half the dimensions, as more atoms than that have no unique codes.

    The encoder is the same `Omp`.
    """

    n_nonzero: int
    n_active: Int[Array, ""] | int | None = None
    noise_std: Float[Array, ""] | float = 0.0
    n_rounds: int = 80

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_nonzero < 1:
            raise ValueError(f"n_nonzero must be at least 1, got {self.n_nonzero}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        k = number_active(knowledge)
        unique = -(-knowledge.n_dims // 2)
        return cls(
            n_nonzero=min(knowledge.max_active, knowledge.n_dims, k if isinstance(k, int) else unique),
            n_active=k,
            noise_std=0.0 if knowledge.exact else knowledge.noise_std,
            nonnegative=knowledge.nonnegative,
        )

    def _in_units_of(self, scale: Float[Array, ""]) -> Self:
        return replace(self, noise_std=self.noise_std / scale)

    def _round(
        self, data: Array, dictionary: Array, memory: Any, *, progress: Float[Array, ""], key: PRNGKeyArray
    ) -> Round:
        codes = self._encoder()(dictionary, data).codes
        objective = 0.5 * jnp.mean(jnp.sum((data - codes @ dictionary.T) ** 2, axis=1))
        dictionary, codes = self._update(data, codes, dictionary)
        return Round(dictionary, memory, objective, jnp.sum(codes**2, axis=0), data - codes @ dictionary.T)

    def _encoder(self) -> Omp:
        n_active = self.n_nonzero if self.n_active is None else self.n_active
        return Omp(self.n_nonzero, n_active, self.noise_std, nonnegative=self.nonnegative)

    @abstractmethod
    def _update(self, data: Array, codes: Array, dictionary: Array) -> tuple[Array, Array]:
        """The dictionary for these codes, its columns of unit norm, and the codes that go with it."""
