"""Latents in families: children are active only where their parent is."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.latents.blocks import spread
from toymodels.latents.magnitudes import find_magnitude, magnitudes_where


def hierarchy(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_parents: int,
    n_children: int,
    density: Float[ArrayLike, ""],
    child_density: Float[ArrayLike, ""],
    exclusive: bool = False,
    magnitude: str = "uniform",
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes of families of one parent and ``n_children`` children, N = n_parents (1 + n_children).

    The parents are latents 0, ..., n_parents - 1; then come the children of parent 0, those of parent 1 and so on. A
    parent is active with probability ``density``. Where it is, each of its children is with probability
    ``child_density``: independently, or, where ``exclusive``, at most one of them. Magnitudes are independent.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_parents: number of families.
        n_children: children in each.
        density: probability that a parent is active; may be traced. It also gives the floating dtype.
        child_density: probability that a child is active given its parent; may be traced. With ``exclusive`` at most
            1 / n_children (more counts as that).
        exclusive: whether siblings exclude each other.
        magnitude: a name in ``MAGNITUDES``.

    Returns:
        Codes, one sample a row.

    Raises:
        ValueError: if a count is not positive or there is no such magnitude.
    """
    kind = find_magnitude(magnitude)
    for name, count in (("n_parents", n_parents), ("n_children", n_children)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    dtype = jnp.result_type(jnp.asarray(density), float)
    parent_key, child_key, magnitude_key = jax.random.split(key, 3)
    parents = jax.random.bernoulli(parent_key, density, (n_samples, n_parents))
    if exclusive:
        share = jax.random.uniform(child_key, (n_samples, n_parents), dtype)
        chosen = jnp.floor(share / jnp.minimum(child_density, 1 / n_children)).astype(jnp.int32)
        within = jnp.broadcast_to(jnp.arange(n_parents * n_children) % n_children, (n_samples, n_parents * n_children))
        children = spread(chosen, n_children) == within
    else:
        children = jax.random.bernoulli(child_key, child_density, (n_samples, n_parents * n_children))
    active = jnp.concatenate([parents, children & spread(parents, n_children)], axis=1)
    return magnitudes_where(active, magnitude_key, kind, dtype)
