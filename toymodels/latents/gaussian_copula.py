"""Latents whose firing and magnitude are correlated through a Gaussian copula of low rank."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.latents.magnitudes import find_magnitude


def gaussian_copula(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    loadings: Float[Array, "n_latents rank"],
    density: Float[ArrayLike, ""],
    magnitude: str = "uniform",
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes with the marginals of `bernoulli` and a Gaussian dependence between latents.

        g_i = sum_r L_ir w_r + sqrt(1 - |L_i|^2) e_i,    w, e independent standard normal,

    so that g has unit variances and the correlations of L L^T. Latent i is active where u_i = Phi(g_i) < density and
    then has the magnitude of the uniform number u_i / density; signs, where there are any, are independent. For two
    latents both active with probability Phi_2(t, t; L_i . L_j), t = Phi^-1(density). P (N + rank) normal numbers are
    drawn, not a factor of the N x N covariance.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        loadings: L; rows of norm above 1 are scaled to norm 1.
        density: probability in (0, 1) that a latent is active; may be traced.
        magnitude: a name in ``MAGNITUDES``.

    Returns:
        Codes, one sample a row, in the loadings' floating dtype.

    Raises:
        ValueError: if there is no such magnitude.
    """
    kind = find_magnitude(magnitude)
    n_latents, rank = loadings.shape
    dtype = loadings.dtype
    density = jnp.asarray(density, dtype)
    shared_key, own_key, sign_key = jax.random.split(key, 3)
    norm = jnp.linalg.norm(loadings, axis=1, keepdims=True)
    loadings = loadings / jnp.maximum(norm, 1)
    own = jnp.sqrt(jnp.maximum(1 - jnp.sum(loadings**2, axis=1), 0))
    shared = jax.random.normal(shared_key, (n_samples, rank), dtype) @ loadings.T
    normal = shared + own[None, :] * jax.random.normal(own_key, (n_samples, n_latents), dtype)
    share = jax.scipy.special.ndtr(normal)
    active = share < density
    value = kind.of_uniform(jnp.where(active, share / density, jnp.ones((), dtype)))
    if kind.signed:
        value = value * jax.random.rademacher(sign_key, value.shape, dtype)
    return jnp.where(active, value, jnp.zeros((), dtype))
