"""Bayes-optimal approximate message passing for Bernoulli-Gaussian codes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.message_passing.priors import Posterior, bernoulli_gaussian
from recovery.coders.message_passing.settling import Settling, judge_settling, settle, unsettled
from recovery.iterate import Verdict, conclude, iterate
from recovery.knowledge import Knowledge
from recovery.residual import relative_norm, relative_residual
from recovery.rows import row_sum
from recovery.scale import scale_of
from recovery.solution import Solution

_LEAST_DENSITY = 1e-6


class _State(NamedTuple):
    codes: Float[Array, "n_samples n_latents"]
    residual: Float[Array, "n_samples n_dims"]
    density: Float[Array, "n_samples 1"]
    variance: Float[Array, "n_samples 1"]
    change: Float[Array, " n_samples"]
    settling: Settling


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["density", "variance", "tolerance"],
    meta_fields=["nonnegative", "learn", "max_iterations", "patience"],
)
@dataclass(frozen=True)
class BayesAmp:
    """Message passing whose denoiser is the posterior mean of a Bernoulli-Gaussian code.

    q = z + A^T r,  tau = ||r||^2 / M,  z <- E[x | q],  r <- y - A z + r (N / M) mean(var[x | q]) / tau.
    Codes are 0 with probability 1 - `density`, else normal with `variance`, or its absolute value if `nonnegative`. For
    a dictionary of nearly independent columns of unit norm. The noise level is read from ||r|| and need not be told.
    If `learn`, density and variance are starting values, and each sample's own are learned by expectation maximisation
    in every iteration. Without a `variance` (None) it is that of which codes of this density have the sample's energy.

    A sample has converged when its codes change by at most `tolerance` relative to their norm, or ||r|| has not fallen
    by 1% within `patience` iterations and is at most twice its minimum. One whose ||r|| grows beyond that is reported
    as `MAX_ITERATIONS`. The residual reported is ||y - A z|| / ||y||.

    Donoho, Maleki & Montanari 2010; Krzakala et al. 2012; for learning, Vila & Schniter 2013.
    """

    density: Float[Array, ""] | float
    variance: Float[Array, ""] | float | None = 1.0
    nonnegative: bool = False
    learn: bool = False
    max_iterations: int = 300
    tolerance: Float[Array, ""] | float = 1e-5
    patience: int = 30

    name: ClassVar[str] = "bayes-amp"
    summary: ClassVar[str] = "message passing with the posterior mean of a Bernoulli-Gaussian code"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __post_init__(self) -> None:
        if self.max_iterations < 1 or self.patience < 1:
            raise ValueError(
                f"max_iterations and patience must be at least 1, got {self.max_iterations} and {self.patience}"
            )

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(
            density=knowledge.n_active / knowledge.n_latents,
            variance=knowledge.magnitude**2,
            nonnegative=knowledge.nonnegative,
        )

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

        def same(value: Array | float) -> Array:
            return jnp.full((n_samples, 1), value, dtype)

        state, outcome = iterate(
            lambda state: self._step(dictionary, observations, state),
            judge,
            _State(
                jnp.zeros((n_samples, dictionary.shape[1]), dtype),
                observations,
                jnp.clip(same(self.density), _LEAST_DENSITY, 1 - _LEAST_DENSITY),
                self._variance_of(dictionary, observations)
                if self.variance is None
                else same(self.variance) / scale**2,
                jnp.ones(n_samples, dtype),
                unsettled(observations),
            ),
            n_samples=n_samples,
            max_iterations=self.max_iterations,
        )
        outcome = outcome._replace(residual=relative_residual(dictionary, observations, state.codes))
        return conclude(state.codes * scale, outcome)

    def _variance_of(self, dictionary: Array, observations: Array) -> Float[Array, "n_samples 1"]:
        """The variance for which density, dictionary and no noise explain each sample's squared norm."""
        energy = jnp.sum(observations**2, axis=1, keepdims=True)
        per_variance = jnp.sum(dictionary**2) * jnp.maximum(jnp.asarray(self.density), _LEAST_DENSITY)
        explained = energy / jnp.maximum(per_variance, jnp.finfo(energy.dtype).tiny)
        return jnp.where(explained > 0, explained, 1).astype(energy.dtype)

    def _step(self, dictionary: Array, observations: Array, state: _State) -> _State:
        n_dims, n_latents = dictionary.shape
        energy = jnp.sum(state.residual**2, axis=1, keepdims=True) / n_dims
        # Where nothing is left the noise is at rounding level, not zero.
        least = jnp.finfo(energy.dtype).eps ** 2 * jnp.sum(observations**2, axis=1, keepdims=True)
        noise = jnp.maximum(energy, jnp.maximum(least, jnp.finfo(energy.dtype).tiny * 1e6))
        pseudo = state.codes + state.residual @ dictionary
        posterior = bernoulli_gaussian(pseudo, noise, state.density, state.variance, nonnegative=self.nonnegative)
        # A column of zeros carries no observation: its code stays at 0.
        codes = jnp.where(jnp.any(dictionary != 0, axis=0)[None, :], posterior.mean, 0)
        onsager = row_sum(posterior.variance)[:, None] / n_dims / noise
        residual = observations - codes @ dictionary.T + onsager * state.residual
        nothing = jnp.all(observations == 0, axis=1, keepdims=True)
        codes, residual = jnp.where(nothing, 0, codes), jnp.where(nothing, 0, residual)
        density, variance = self._learned(posterior, state, n_dims / n_latents)
        return _State(
            codes,
            residual,
            density,
            variance,
            relative_norm(codes - state.codes, codes),
            settle(state.settling, residual),
        )

    def _learned(self, posterior: Posterior, state: _State, undersampling: float) -> tuple[Array, Array]:
        if not self.learn:
            return state.density, state.variance
        n_latents = posterior.mean.shape[1]
        active = row_sum(posterior.active)[:, None] / n_latents
        energy = row_sum(posterior.active * posterior.energy)[:, None] / n_latents
        # No more latents than dimensions can be told apart.
        density = jnp.clip(active, _LEAST_DENSITY, undersampling)
        some = active > _LEAST_DENSITY
        return density, jnp.where(some & (energy > 0), energy / jnp.where(some, active, 1), state.variance)
