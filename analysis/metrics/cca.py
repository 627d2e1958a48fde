"""Canonical correlations of two representations, plain and after discarding their smallest components."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.metrics.centring import centred


def canonical_correlations(
    first: Float[Array, "n_samples n_a"], second: Float[Array, "n_samples n_b"]
) -> Float[Array, " n_pairs"]:
    """Correlations of the best linear combinations of both sides, largest first; min(n_a, n_b) of them [Hotelling1936].

    In [0, 1]. Invariant to invertible affine maps of either side, so that their mean cannot tell disentangled codes
    from mixed ones. Directions that do not vary, to rounding, have correlation 0. Chance is high: for unrelated sides
    the squares are max(n_a, n_b) / (n_samples - 1) on average, and all are 1 where n_a + n_b >= 2 (n_samples - 1).
    """
    basis_a, kept_a = _basis(first, 1.0)
    basis_b, kept_b = _basis(second, 1.0)
    return _correlations(basis_a, kept_a, basis_b, kept_b)


def svcca(
    first: Float[Array, "n_samples n_a"], second: Float[Array, "n_samples n_b"], *, variance: float = 0.99
) -> Float[Array, ""]:
    """SVCCA [Raghu2017]: mean canonical correlation between the leading principal components of both sides.

    Each side keeps the fewest components that hold `variance` of its variance; the mean is over as many correlations
    as the side with fewer kept. In [0, 1]; invariant to rotations, shifts and one scale a side. Chance as for
    `canonical_correlations`, at the number of components kept. nan where a side does not vary.
    """
    basis_a, kept_a = _basis(first, variance)
    basis_b, kept_b = _basis(second, variance)
    n_pairs = jnp.minimum(jnp.sum(kept_a), jnp.sum(kept_b))
    total = jnp.sum(_correlations(basis_a, kept_a, basis_b, kept_b))
    return jnp.where(n_pairs > 0, total / jnp.maximum(n_pairs, 1).astype(total.dtype), jnp.nan)


def _basis(
    codes: Float[Array, "n_samples n"], variance: float
) -> tuple[Float[Array, "n_samples r"], Bool[Array, " r"]]:
    """Orthonormal directions of the samples' space by falling variance, and which of them are kept."""
    x = centred(codes)
    left, size, _ = jnp.linalg.svd(x, full_matrices=False)
    rounding = max(x.shape) * jnp.finfo(x.dtype).eps * jnp.max(size, initial=0.0)
    share = size**2 / jnp.maximum(jnp.sum(size**2), jnp.finfo(x.dtype).tiny)
    before = jnp.cumsum(share) - share
    return left, (size > rounding) & ((before < variance) | (variance >= 1))


def _correlations(
    basis_a: Float[Array, "n_samples p"], kept_a: Bool[Array, " p"], basis_b: Float[Array, "n_samples q"], kept_b: Array
) -> Float[Array, " n_pairs"]:
    overlap = jnp.where(kept_a[:, None] & kept_b[None, :], basis_a.T @ basis_b, 0)
    return jnp.clip(jnp.linalg.svd(overlap, compute_uv=False), 0, 1)
