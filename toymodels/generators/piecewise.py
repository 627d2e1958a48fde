"""A piecewise-linear generator: straight along each of some hidden directions but for a few kinks."""

from dataclasses import dataclass
from typing import Self

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.generators.conditioned import conditioned_matrix


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class PiecewiseLinear:
    """x = U w(V z): V a rotation, w an increasing piecewise-linear function of each coordinate, U orthonormal columns.

    Coordinate i has kinks k_i1 < ... < k_iJ between slopes s_i0, ..., s_iJ, all in [r^(-1/2), r^(1/2)], and w_i(t) =
    s_i0 t + sum_j (s_ij - s_i(j-1)) max(t - k_ij, 0). Kinks meet in boxes: on each g is affine, and everywhere its
    condition number is at most r.

    Attributes:
        inward, outward: V and U.
        kinks, slopes: k and s.
        condition_bound: r.
    """

    inward: Float[Array, "n_latents n_latents"]
    kinks: Float[Array, "n_latents n_kinks"]
    slopes: Float[Array, "n_latents n_slopes"]
    outward: Float[Array, "n_observed n_latents"]
    condition_bound: Float[Array, ""]

    @classmethod
    def draw(
        cls,
        key: PRNGKeyArray,
        *,
        n_latents: int,
        n_observed: int | None = None,
        n_kinks: int = 4,
        condition_number: Float[ArrayLike, ""] = 10.0,
        spread: Float[ArrayLike, ""] = 1.0,
    ) -> Self:
        """Draw uniform rotations, kinks uniform on [-spread, spread], and slopes log-uniform over their range.

        Args:
            key: the only source of randomness.
            n_latents: dimension of z.
            n_observed: dimension of x, that of z where None.
            n_kinks: kinks J of each coordinate.
            condition_number: r >= 1; may be traced.
            spread: how far the kinks reach, of the latents' own scale; may be traced.

        Raises:
            ValueError: if a count is too small, or a concrete condition number below 1.
        """
        n_observed = n_latents if n_observed is None else n_observed
        if n_kinks < 1:
            raise ValueError(f"n_kinks must be at least 1, got {n_kinks}")
        if isinstance(condition_number, int | float) and not 1 <= condition_number < float("inf"):
            raise ValueError(f"condition_number must be at least 1 and finite, got {condition_number}")
        in_key, out_key, kink_key, slope_key = jax.random.split(key, 4)
        inward = conditioned_matrix(in_key, n_rows=n_latents, n_columns=n_latents, condition_number=1.0)
        outward = conditioned_matrix(out_key, n_rows=n_observed, n_columns=n_latents, condition_number=1.0)
        places = jax.random.uniform(kink_key, (n_latents, n_kinks), inward.dtype, minval=-1, maxval=1)
        exponents = jax.random.uniform(slope_key, (n_latents, n_kinks + 1), inward.dtype, minval=-0.5, maxval=0.5)
        ratio = jnp.asarray(condition_number, inward.dtype)
        return cls(inward, jnp.asarray(spread) * jnp.sort(places, axis=1), ratio**exponents, outward, ratio)

    def __call__(self, latents: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_observed"]:
        return _kinked(latents @ self.inward.T, self.kinks, self.slopes) @ self.outward.T

    def inverse(self, observations: Float[Array, "n_samples n_observed"]) -> Float[Array, "n_samples n_latents"]:
        """The latents of observations in the range of g."""
        # The inverse of an increasing piecewise-linear function is one, with its kinks at the function's values there.
        images = _kinked(self.kinks.T, self.kinks, self.slopes).T
        return _kinked(observations @ self.outward, images, 1 / self.slopes) @ self.inward


def _kinked(
    values: Float[Array, "n_samples n_latents"],
    kinks: Float[Array, "n_latents n_kinks"],
    slopes: Float[Array, "n_latents n_slopes"],
) -> Float[Array, "n_samples n_latents"]:
    """Every column's function of it."""
    beyond = jnp.maximum(values[:, :, None] - kinks[None], 0)
    return slopes[None, :, 0] * values + jnp.sum(jnp.diff(slopes, axis=1)[None] * beyond, axis=2)
