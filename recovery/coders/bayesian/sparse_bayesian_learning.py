"""Sparse Bayesian learning."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.iterate import Verdict, conclude, iterate
from recovery.knowledge import Knowledge
from recovery.residual import relative_norm, relative_residual
from recovery.scale import scale_of
from recovery.solution import Solution

_ROUNDING = 2.0
_PRUNED = 1e-6
_FADING = 0.5


class _State(NamedTuple):
    variances: Float[Array, "n_samples n_latents"]
    codes: Float[Array, "n_samples n_latents"]
    change: Float[Array, " n_samples"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["noise_std", "tolerance"],
    meta_fields=["nonnegative", "max_iterations"],
)
@dataclass(frozen=True)
class SparseBayesianLearning:
    """Each code is normal with a variance of its own, and the evidence p(y) is climbed in these variances.

    With S = sigma^2 I + A diag(v) A^T, the posterior mean is z = v A^T S^-1 y; v <- |z| / sqrt(diag(A^T S^-1 A)), the
    fixed point of the evidence's convex bound, never lowers it, and drives most variances to 0. Variances below a
    millionth of the largest count as 0, and so do their codes. The noise's standard deviation `noise_std` is given, and
    taken as at least 1e-3 of the observation's root mean square, and as at least what rounding adds to S.

    If `nonnegative`, a code whose mean is negative is set to 0 and its variance halved, so that it fades, and comes
    back where its mean turns positive as the others settle: a projection, not the posterior of a non-negative prior.

    A sample has converged when its codes change by at most `tolerance` relative to their norm. The residual reported is
    ||y - A z|| / ||y||. Tipping 2001; Wipf & Rao 2004; for the update, Wipf & Nagarajan 2010.
    """

    noise_std: Float[Array, ""] | float
    nonnegative: bool = False
    max_iterations: int = 300
    tolerance: Float[Array, ""] | float = 1e-4

    name: ClassVar[str] = "sparse-bayesian-learning"
    summary: ClassVar[str] = "sparse Bayesian learning: a variance per code, set by the evidence"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __post_init__(self) -> None:
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, got {self.max_iterations}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(noise_std=knowledge.noise_std, nonnegative=knowledge.nonnegative)

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        n_dims, n_latents = dictionary.shape
        n_samples, dtype = observations.shape[0], observations.dtype
        scale = scale_of(observations)
        observations = observations / scale[:, None]
        power = jnp.mean(observations**2, axis=1)
        noise = jnp.maximum((jnp.asarray(self.noise_std, dtype) / scale) ** 2, 1e-6 * power)
        noise = jnp.where(noise > 0, noise, 1)
        identity, norms = jnp.eye(n_dims, dtype=dtype)[None], jnp.sum(dictionary**2, axis=0)

        def step(state: _State) -> _State:
            weighted = state.variances[:, None, :] * dictionary[None]
            # With less than that on the diagonal the factorisation breaks down.
            rounding = _ROUNDING * jnp.finfo(dtype).eps * jnp.sum(state.variances * norms, axis=1)
            level = jnp.maximum(noise, rounding)
            factor = jnp.linalg.cholesky(weighted @ dictionary.T + level[:, None, None] * identity)
            explained = cho_solve((factor, True), observations[..., None])[..., 0]
            codes = state.variances * (explained @ dictionary)
            negative = codes < 0
            codes = jnp.maximum(codes, 0) if self.nonnegative else codes
            shared = jnp.broadcast_to(dictionary, (n_samples, n_dims, n_latents))
            curvature = jnp.sum(shared * cho_solve((factor, True), shared), axis=1)
            variances = jnp.abs(codes) / jnp.sqrt(jnp.where(curvature > 0, curvature, 1))
            if self.nonnegative:
                variances = jnp.where(negative, _FADING * state.variances, variances)
            largest = jnp.max(variances, axis=1, keepdims=True)
            # Written so that NaN stays.
            gone = variances < _PRUNED * largest
            variances, codes = jnp.where(gone, 0, variances), jnp.where(gone, 0, codes)
            return _State(variances, codes, relative_norm(codes - state.codes, codes))

        zeros = jnp.zeros((n_samples, n_latents), dtype)
        start = jnp.broadcast_to(jnp.where(power > 0, power, 1)[:, None], (n_samples, n_latents)).astype(dtype)
        state, outcome = iterate(
            step,
            lambda state: Verdict(state.change, state.change <= self.tolerance),
            _State(start, zeros, jnp.ones(n_samples, dtype)),
            n_samples=n_samples,
            max_iterations=self.max_iterations,
        )
        outcome = outcome._replace(residual=relative_residual(dictionary, observations, state.codes))
        return conclude(state.codes * scale[:, None], outcome)
