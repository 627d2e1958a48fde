"""What the coders that keep K atoms share: their settings, how they start and end."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.greedy.support import Normalised, normalise
from recovery.iterate import Verdict, conclude, freeze, iterate
from recovery.knowledge import Knowledge
from recovery.residual import relative_residual
from recovery.scale import scale_of
from recovery.solution import Solution

DATA_FIELDS = ("n_active", "noise_std", "tolerance")
META_FIELDS = ("n_nonzero", "nonnegative", "max_iterations")


class _State(NamedTuple):
    codes: Float[Array, "n_samples n_latents"]
    memory: Any
    best: Float[Array, "n_samples n_latents"]
    missing: Float[Array, " n_samples"]
    waited: Int[Array, " n_samples"]
    ended: Bool[Array, " n_samples"]


@dataclass(frozen=True)
class Pursuit(ABC):
    """A coder that repeats a step on codes with at most K non-zeros, and returns those of the smallest residual.

    `n_active` K may be traced, a scalar or one number a sample; `n_nonzero` is the static limit on it. Atoms are scaled
    to unit norm first; those below a thousandth of the largest norm are never used. A sample has converged as soon as
    ||r|| is at most max(noise_std sqrt(M), tolerance ||y||), or has not fallen by more than tolerance ||y|| in
    `patience` steps, so that a support that cycles ends as well. The residual reported is ||y - A z|| / ||y||.
    """

    n_nonzero: int
    n_active: Int[Array, "..."] | int
    noise_std: Float[Array, ""] | float = 0.0
    tolerance: Float[Array, ""] | float = 1e-6
    nonnegative: bool = False
    max_iterations: int = 100

    patience: ClassVar[int] = 3
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __post_init__(self) -> None:
        if self.n_nonzero < 1 or self.max_iterations < 1:
            raise ValueError(
                f"n_nonzero and max_iterations must be at least 1, got {self.n_nonzero} and {self.max_iterations}"
            )

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(
            n_nonzero=min(knowledge.max_active, knowledge.n_dims),
            n_active=number_active(knowledge),
            # Where every sample has exactly K, K says when to stop.
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
        unit, scale = normalise(dictionary), scale_of(observations)
        observations = observations / scale[:, None]
        k = jnp.minimum(jnp.asarray(self.n_active), self.n_nonzero)
        size: Array = jnp.linalg.norm(observations, axis=1)
        allowed = jnp.maximum(self.noise_std / scale * observations.shape[1] ** 0.5, self.tolerance * size)

        def step(state: _State) -> _State:
            codes, memory = self._step(unit, observations, k, state.codes, state.memory)
            missing = jnp.linalg.norm(observations - codes @ unit.dictionary.T, axis=1)
            # Written so that NaN counts as better: a sample that breaks down has to be seen.
            better, fell = ~(missing >= state.missing), ~(missing >= state.missing - self.tolerance * size)
            best, least = freeze(~better, (state.best, state.missing), (codes, missing))
            waited = jnp.where(fell, 0, state.waited + 1)
            return _State(codes, memory, best, least, waited, (least <= allowed) | (waited >= self.patience))

        codes, memory = self._start(unit, observations, k)
        zero = jnp.zeros(observations.shape[0], jnp.int32)
        missing = jnp.linalg.norm(observations - codes @ unit.dictionary.T, axis=1)
        state, outcome = iterate(
            step,
            lambda state: Verdict(state.missing / jnp.where(size == 0, 1, size), state.ended),
            _State(codes, memory, codes, missing, zero, zero > 0),
            n_samples=observations.shape[0],
            max_iterations=self.max_iterations,
        )
        codes = state.best / unit.norms[None, :]
        outcome = outcome._replace(residual=relative_residual(dictionary, observations, codes))
        return conclude(codes * scale[:, None], outcome)

    def _start(self, unit: Normalised, observations: Array, k: Array) -> tuple[Array, Any]:
        """First codes, and whatever the steps remember besides; its leaves have the samples first."""
        return jnp.zeros((observations.shape[0], unit.dictionary.shape[1]), observations.dtype), None

    @abstractmethod
    def _step(
        self, unit: Normalised, observations: Array, k: Array, codes: Array, memory: Any
    ) -> tuple[Array, Any]: ...


def number_active(knowledge: Knowledge) -> Int[Array, ""] | int:
    """K where every sample has exactly K; elsewhere two standard deviations of a Poisson number above the mean."""
    if knowledge.exact:
        return knowledge.n_active
    mean = jnp.asarray(knowledge.n_active)
    return jnp.minimum(jnp.ceil(mean + 2 * jnp.sqrt(mean)), knowledge.max_active).astype(jnp.int32)
