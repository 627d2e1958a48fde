"""Latents of which exactly a given number of groups are active."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PRNGKeyArray

from toymodels.latents.blocks import n_blocks, spread
from toymodels.latents.magnitudes import find_magnitude, magnitudes_where
from toymodels.latents.support import uniform_support


def group_sparse(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_latents: int,
    group_size: int,
    n_active_groups: Int[ArrayLike, ""],
    magnitude: str = "gaussian",
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes with exactly ``n_active_groups`` active groups a sample, uniformly random ones.

    Group b holds latents b s, ..., (b + 1) s - 1 with s its size; all latents of an active group are active, and
    their magnitudes independent. This is the model of the group lasso (Yuan & Lin 2006).

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_latents: number of columns N.
        group_size: latents per group, a divisor of N.
        n_active_groups: active groups per sample; may be traced; clamped to what there is.
        magnitude: a name in ``MAGNITUDES``.

    Returns:
        Codes, one sample a row, in JAX's default floating dtype.

    Raises:
        ValueError: if the groups do not fill the latents or there is no such magnitude.
    """
    kind = find_magnitude(magnitude)
    groups = n_blocks(n_latents, group_size)
    support_key, magnitude_key = jax.random.split(key)
    active = uniform_support(support_key, n_samples, groups, n_active_groups)
    return magnitudes_where(spread(active, group_size), magnitude_key, kind, jnp.result_type(float))
