"""Approximate message passing with soft thresholding."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.message_passing.settling import Settling, judge_settling, settle, unsettled
from recovery.iterate import Verdict, conclude, iterate
from recovery.knowledge import Knowledge
from recovery.residual import relative_norm, relative_residual
from recovery.scale import scale_of
from recovery.solution import Solution


class _State(NamedTuple):
    codes: Float[Array, "n_samples n_latents"]
    residual: Float[Array, "n_samples n_dims"]
    change: Float[Array, " n_samples"]
    settling: Settling


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["threshold", "nonnegative", "tolerance"],
    meta_fields=["max_iterations", "patience"],
)
@dataclass(frozen=True)
class Amp:
    """Iterative soft thresholding with the Onsager term, for a dictionary of unit-norm, nearly independent columns.

    z <- eta(z + A^T r; threshold * ||r|| / sqrt(M)),  r <- y - A z + (r / M) * (number of non-zero z).
    `threshold` multiplies the estimated standard deviation of the pseudo-data's noise; its minimax value depends on
    M / N and the sign of the codes, and comes from the theory of the l1 transition. `nonnegative` may be traced.

    A sample has converged when its codes change by at most `tolerance` relative to their norm, when ||r|| is at most
    `tolerance` ||y||, or when ||r||, the noise level that state evolution follows, has settled: its minimum has not
    fallen by 1% within `patience` iterations. Above the transition that is how it ends, as the codes of a finite system
    need not come to rest there. The residual reported is ||y - A z|| / ||y||, which does not vanish where recovery
    fails. With correlated columns, or columns far from unit norm, ||r|| may grow instead: a sample that ends at more
    than twice its minimum is reported as `MAX_ITERATIONS`, or as `NON_FINITE` after an overflow.

    Donoho, Maleki & Montanari 2009.
    """

    threshold: Float[Array, ""] | float
    nonnegative: Bool[Array, ""] | bool = False
    max_iterations: int = 1000
    tolerance: Float[Array, ""] | float = 1e-5
    patience: int = 100

    name: ClassVar[str] = "amp"
    summary: ClassVar[str] = "approximate message passing, soft threshold at a multiple of the estimated noise"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __post_init__(self) -> None:
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, got {self.max_iterations}")
        if self.patience < 1:
            raise ValueError(f"patience must be at least 1, got {self.patience}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(threshold=knowledge.threshold, nonnegative=knowledge.nonnegative)

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        n_samples, dtype = observations.shape[0], observations.dtype
        scale = scale_of(observations)[:, None]
        observations = observations / scale

        def judge(state: _State) -> Verdict:
            return judge_settling(
                state.settling,
                state.change,
                state.residual,
                observations,
                tolerance=self.tolerance,
                patience=self.patience,
            )

        codes = jnp.zeros((n_samples, dictionary.shape[1]), dtype)
        state, outcome = iterate(
            lambda state: self._step(dictionary, observations, state),
            judge,
            _State(
                codes,
                observations,
                jnp.ones(n_samples, dtype),
                unsettled(observations),
            ),
            n_samples=n_samples,
            max_iterations=self.max_iterations,
        )
        outcome = outcome._replace(residual=relative_residual(dictionary, observations, state.codes))
        return conclude(state.codes * scale, outcome)

    def _step(self, dictionary: Array, observations: Array, state: _State) -> _State:
        n_dims = dictionary.shape[0]
        codes, residual = state.codes, state.residual
        noise_std = jnp.linalg.norm(residual, axis=1) / n_dims**0.5
        threshold = (jnp.asarray(self.threshold, codes.dtype) * noise_std)[:, None]
        pseudo = codes + residual @ dictionary
        positive = jnp.maximum(pseudo - threshold, 0)
        new = jnp.where(self.nonnegative, positive, positive - jnp.maximum(-pseudo - threshold, 0))
        onsager = jnp.sum(new != 0, axis=1).astype(codes.dtype) / n_dims
        residual = observations - new @ dictionary.T + onsager[:, None] * residual
        return _State(new, residual, relative_norm(new - codes, new), settle(state.settling, residual))
