"""Centred kernel alignment of two representations of the same samples."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.metrics.centring import centred


def linear_cka(
    first: Float[Array, "n_samples n_a"], second: Float[Array, "n_samples n_b"], *, debiased: bool = False
) -> Float[Array, ""]:
    """Linear CKA [Kornblith2019]: HSIC(X, Y) / sqrt(HSIC(X, X) HSIC(Y, Y)), 1 for equal up to rotation and scale.

    HSIC is ||Y^T X||_F^2 of centred columns, or with `debiased` the unbiased estimate of [Song2012], which needs four
    samples. Invariant to rotations (permutations, signs), shifts and one common scale on either side, not to
    invertible maps. In [0, 1]; for unrelated representations the biased form is about n / (n_samples + n) for n
    white dimensions a side, near 1 where samples are few, while the debiased form is 0 on average and may be negative.
    nan where a side does not vary.
    """
    x, y = centred(first), centred(second)
    hsic = _unbiased_hsic if debiased else _hsic
    scale = hsic(x, x) * hsic(y, y)
    return jnp.where(scale > 0, hsic(x, y) / jnp.sqrt(jnp.where(scale > 0, scale, 1)), jnp.nan)


def _hsic(x: Float[Array, "n_samples n_a"], y: Float[Array, "n_samples n_b"]) -> Float[Array, ""]:
    return jnp.sum((y.T @ x) ** 2)


def _unbiased_hsic(x: Float[Array, "n_samples n_a"], y: Float[Array, "n_samples n_b"]) -> Float[Array, ""]:
    """The U-statistic of HSIC up to a constant factor, through the features: Gram matrices are never formed.

    Of centred columns the Gram matrices' rows add up to 0, so that without their diagonals they add up to minus it.
    """
    n = x.shape[0]
    if n < 4:
        return jnp.full((), jnp.nan, x.dtype)
    norms_x, norms_y = jnp.sum(x**2, axis=1), jnp.sum(y**2, axis=1)
    shared = jnp.sum(norms_x * norms_y)
    trace = _hsic(x, y) - shared
    totals = jnp.sum(norms_x) * jnp.sum(norms_y)
    return trace + totals / ((n - 1) * (n - 2)) - 2 / (n - 2) * shared
