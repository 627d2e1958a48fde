"""Vector approximate message passing."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.message_passing.priors import bernoulli_gaussian
from recovery.iterate import Verdict, conclude, iterate
from recovery.knowledge import Knowledge
from recovery.residual import relative_norm, relative_residual
from recovery.scale import scale_of
from recovery.solution import Solution

# Precisions are kept within this range of the prior's, so that a denoiser that is sure of itself cannot divide by 0.
_RANGE = 1e-6


class _State(NamedTuple):
    pseudo: Float[Array, "n_samples n_latents"]
    precision: Float[Array, "n_samples 1"]
    codes: Float[Array, "n_samples n_latents"]
    change: Float[Array, " n_samples"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["density", "noise_std", "variance", "damping", "tolerance"],
    meta_fields=["nonnegative", "max_iterations"],
)
@dataclass(frozen=True)
class Vamp:
    """A Bernoulli-Gaussian denoiser and a linear (LMMSE) estimator pass extrinsic means and precisions to each other.

    One singular value decomposition serves all iterations and samples, and the dictionary need not be iid: any with
    right singular vectors in general position will do (rotationally invariant), ill-conditioned or badly scaled.
    Codes are 0 with probability 1 - `density`, else normal with `variance`, or its absolute value if `nonnegative`;
    noise has standard deviation `noise_std`, taken as at least 1e-4 of the observation's root mean square. Messages are
    damped: a new one counts `damping`.

    A sample has converged when its codes change by at most `tolerance` relative to their norm. The residual reported is
    ||y - A z|| / ||y||. Rangan, Schniter & Fletcher 2019.
    """

    density: Float[Array, ""] | float
    noise_std: Float[Array, ""] | float
    variance: Float[Array, ""] | float = 1.0
    nonnegative: bool = False
    damping: Float[Array, ""] | float = 0.7
    max_iterations: int = 200
    tolerance: Float[Array, ""] | float = 1e-4

    name: ClassVar[str] = "vamp"
    summary: ClassVar[str] = "vector approximate message passing: for dictionaries that are not iid"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __post_init__(self) -> None:
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, got {self.max_iterations}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(
            density=knowledge.n_active / knowledge.n_latents,
            noise_std=knowledge.noise_std,
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
        n_samples, n_latents = observations.shape[0], dictionary.shape[1]
        dtype, scale = observations.dtype, scale_of(observations)[:, None]
        observations = observations / scale
        left, singular, right = jnp.linalg.svd(dictionary, full_matrices=False)
        loadings = (observations @ left) * singular[None, :]
        power = jnp.mean(observations**2, axis=1, keepdims=True)
        noise = jnp.maximum((jnp.asarray(self.noise_std, dtype) / scale) ** 2, 1e-8 * power)
        noise = jnp.where(noise > 0, noise, 1)
        density = jnp.clip(jnp.full((n_samples, 1), self.density, dtype), 1e-6, 1 - 1e-6)
        variance = jnp.full((n_samples, 1), self.variance, dtype) / scale**2
        prior = 1 / (density * variance)

        # At a fixed point the denoiser's variance is at most rank / N of its pseudo-data's. Half way from there to 1 is
        # the most that is believed: with more the message that goes on has hardly any precision and a mean without
        # bound, which is all that is known of what the dictionary does not see.
        most = min(0.5 + 0.5 * singular.size / n_latents, 0.99)

        def clipped(precision: Array) -> Array:
            return jnp.clip(precision, _RANGE * prior, prior / _RANGE)

        def step(state: _State) -> _State:
            posterior = bernoulli_gaussian(
                state.pseudo, 1 / state.precision, density, variance, nonnegative=self.nonnegative
            )
            spread = jnp.mean(posterior.variance, axis=1, keepdims=True)
            spread = jnp.minimum(spread, most / state.precision)
            total = 1 / jnp.maximum(spread, jnp.finfo(dtype).eps / prior)
            extrinsic = clipped(total - state.precision)
            # Where the precision was clipped, the mean goes with what it was clipped to: they do not fit otherwise.
            message = posterior.mean + state.precision / extrinsic * (posterior.mean - state.pseudo)
            # (A^T A / noise + g I)^-1 (A^T y / noise + g m), through the singular vectors.
            weights = singular[None, :] ** 2 / noise
            projected = message @ right.T
            shift = (loadings / noise - weights * projected) / (weights + extrinsic)
            linear = message + shift @ right
            spread = (
                jnp.sum(1 / (weights + extrinsic), axis=1, keepdims=True) + (n_latents - singular.size) / extrinsic
            ) / n_latents
            back = clipped(1 / spread - extrinsic)
            pseudo = linear + extrinsic / back * (linear - message)
            pseudo = self.damping * pseudo + (1 - self.damping) * state.pseudo
            precision = self.damping * back + (1 - self.damping) * state.precision
            return _State(
                pseudo, precision, posterior.mean, relative_norm(posterior.mean - state.codes, posterior.mean)
            )

        zeros = jnp.zeros((n_samples, n_latents), dtype)
        # The first message: what the linear estimator makes of the prior's mean and variance alone.
        first = _State(observations @ dictionary, 1 / (noise + power), zeros, jnp.ones(n_samples, dtype))
        state, outcome = iterate(
            step,
            lambda state: Verdict(state.change, state.change <= self.tolerance),
            first,
            n_samples=n_samples,
            max_iterations=self.max_iterations,
        )
        # Nothing observed is no codes, and a column of zeros has none.
        present = jnp.any(dictionary != 0, axis=0)[None, :] & jnp.any(observations != 0, axis=1)[:, None]
        codes = jnp.where(present, state.codes, 0)
        outcome = outcome._replace(residual=relative_residual(dictionary, observations, codes))
        return conclude(codes * scale, outcome)
