"""Exactly K-sparse latents with combinations that are kept for testing."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from toymodels.latents.magnitudes import find_magnitude, magnitudes_where
from toymodels.latents.support import uniform_support


def compositional(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_latents: int,
    n_active: Int[ArrayLike, ""],
    out_of_distribution: Bool[ArrayLike, ""] = False,
    magnitude: str = "uniform",
) -> Float[Array, "n_samples n_latents"]:
    """Draw exactly K-sparse codes in which latent 0 meets only one half of the others.

    The split of Barin Pacela et al. (2026, arXiv 2603.28744).

    In distribution latent 0 is active with probability K / N, and then the other K - 1 active latents are of the
    first half of the others (latents 1, ..., floor((N - 1) / 2)); where it is inactive, K of all others are. Out of
    distribution latent 0 is active in every sample, with K - 1 of the last half: every latent has been seen active,
    these pairs never. Supports are uniform within these sets; magnitudes are independent.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_latents: number of columns N.
        n_active: K, from 1 to 1 + floor((N - 1) / 2); may be traced.
        out_of_distribution: which of the two; may be traced.
        magnitude: a name in ``MAGNITUDES``.

    Returns:
        Codes, one sample a row, in JAX's default floating dtype.

    Raises:
        ValueError: if there are fewer than 3 latents or there is no such magnitude.
    """
    kind = find_magnitude(magnitude)
    if n_latents < 3:
        raise ValueError(f"n_latents must be at least 3, got {n_latents}")
    first_key, support_key, magnitude_key = jax.random.split(key, 3)
    chance = jnp.where(out_of_distribution, 1.0, n_active / n_latents)
    first = jax.random.bernoulli(first_key, chance, (n_samples,))
    place = jnp.arange(n_latents)
    middle = (n_latents - 1) // 2
    partners = jnp.where(out_of_distribution, place > n_latents - 1 - middle, (place >= 1) & (place <= middle))
    allowed = jnp.where(first[:, None], partners[None, :], (place >= 1)[None, :])
    others = uniform_support(support_key, n_samples, n_latents, n_active - first.astype(jnp.int32), allowed)
    active = others | (first[:, None] & (place == 0)[None, :])
    return magnitudes_where(active, magnitude_key, kind, jnp.result_type(float))
