"""Basis pursuit denoising: the smallest l1 norm within a distance of the observation."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coder import ResidualKind
from recovery.coders.l1.path import PathState, follow
from recovery.iterate import conclude
from recovery.knowledge import Knowledge
from recovery.scale import scale_of
from recovery.solution import Solution


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["radius", "tolerance"],
    meta_fields=["nonnegative", "max_iterations"],
)
@dataclass(frozen=True)
class BasisPursuitDenoising:
    """min ||z||_1 subject to ||y - A z|| <= radius, and z >= 0 if `nonnegative`.

    The dual is max y.w - radius ||w|| subject to |A^T w| <= 1 (A^T w <= 1 if `nonnegative`). The residual reported, and
    held against `tolerance`, is the larger of the relative gap |P - D| / P, w = r / lambda scaled so that it is
    feasible, and the violation (||r|| - radius)_+ / ||y||. Where radius >= ||y|| the codes are 0 at once.

    The constraint's solution lies on the lasso's path, which is followed until ||r|| = radius: on each segment a
    quadratic equation. Chen, Donoho & Saunders 1998 for the problem, Osborne, Presnell & Turlach 2000 for the path.
    A radius out of reach ends as `MAX_ITERATIONS`.
    """

    radius: Float[Array, "..."] | float
    nonnegative: bool = False
    max_iterations: int = 500
    tolerance: Float[Array, ""] | float = 1e-4

    name: ClassVar[str] = "basis-pursuit-denoising"
    summary: ClassVar[str] = "smallest l1 norm within the noise of the observation, on the lasso's path"
    residual_kind: ClassVar[ResidualKind] = "duality_gap"

    def __post_init__(self) -> None:
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, got {self.max_iterations}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        """The radius is the noise's root mean square norm, sigma sqrt(M)."""
        return cls(radius=knowledge.noise_std * knowledge.n_dims**0.5, nonnegative=knowledge.nonnegative)

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        scale = scale_of(observations)
        observations, radius = observations / scale[:, None], jnp.asarray(self.radius, observations.dtype) / scale
        size: Array = jnp.linalg.norm(observations, axis=1)

        def least(state: PathState, residual: Array, image: Array) -> Array:
            # ||r - s u|| = radius, the smaller root; the quadratic's middle term is half as usual.
            square, half = jnp.sum(image**2, axis=1), jnp.sum(residual * image, axis=1)
            rest = jnp.sum(residual**2, axis=1) - radius**2
            root = jnp.sqrt(jnp.maximum(half**2 - square * rest, 0))
            length = rest / jnp.where(half + root > 0, half + root, 1)
            reached = (half**2 >= square * rest) & (half > 0)
            return jnp.where(reached, state.penalty - jnp.maximum(length, 0), 0)

        state, outcome = follow(
            dictionary,
            observations,
            least,
            lambda state: jnp.where(
                size <= radius, 0 * size, relative_gap(dictionary, observations, state.codes, radius, self.nonnegative)
            ),
            self.tolerance,
            nonnegative=self.nonnegative,
            max_iterations=self.max_iterations,
        )
        codes = jnp.where((size <= radius)[:, None], 0 * state.codes, state.codes)
        return conclude(codes * scale[:, None], outcome)


def relative_gap(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    radius: Float[Array, " n_samples"],
    nonnegative: bool,
) -> Float[Array, " n_samples"]:
    """The larger of the relative duality gap and the violation relative to ||y||; the dual is the scaled residual."""
    residual = observations - codes @ dictionary.T
    correlations = residual @ dictionary
    largest = jnp.max(correlations if nonnegative else jnp.abs(correlations), axis=1)
    dual = residual / jnp.where(largest > 0, largest, 1)[:, None]
    reached = jnp.sum(observations * dual, axis=1) - radius * jnp.linalg.norm(dual, axis=1)
    primal = jnp.sum(jnp.abs(codes), axis=1)
    scale = jnp.maximum(primal, jnp.abs(reached))
    gap = jnp.abs(primal - reached) / jnp.where(scale == 0, 1, scale)
    size: Array = jnp.linalg.norm(observations, axis=1)
    violation = jnp.maximum(jnp.linalg.norm(residual, axis=1) - radius, 0) / jnp.where(size == 0, 1, size)
    return jnp.maximum(gap, violation)
