"""Which figure the features of a two-dimensional toy model form [Elhage2022]."""

from enum import IntEnum

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from analysis.metrics.representation import represented


class Polytope(IntEnum):
    """Arrangements of features in the plane, in the order in which they appear as features become sparser."""

    OTHER = 0
    ORTHOGONAL_PAIR = 1
    ANTIPODAL_PAIRS = 2
    PENTAGON = 3


def classify_polytope(weights: Float[Array, "2 n_latents"], *, tolerance: float = 15.0) -> Int[Array, ""]:
    """The `Polytope` that the represented columns of `weights` form, angles being right within `tolerance` degrees.

    With q represented features (||W_i||^2 > 1/2) and the angles between any two of them:
    orthogonal pair: q = 2, at 90 degrees; antipodal pairs: q = 3 or 4, every angle 90 or 180, no two alike;
    pentagon: q = 5, every angle 72 or 144, no two alike; other: everything else.
    """
    held = represented(weights)
    count = jnp.sum(held)
    angle = jnp.degrees(jnp.arctan2(weights[1], weights[0]))
    between = jnp.abs((angle[:, None] - angle[None, :] + 180) % 360 - 180)
    pairs = held[:, None] & held[None, :] & ~jnp.eye(weights.shape[1], dtype=bool)

    def all_near(*allowed: float) -> Array:
        off = jnp.min(jnp.abs(between[..., None] - jnp.asarray(allowed, between.dtype)[None, None, :]), axis=-1)
        return jnp.all(jnp.where(pairs, off, 0) <= tolerance)

    return jnp.select(
        [
            (count == 2) & all_near(90.0),
            ((count == 3) | (count == 4)) & all_near(90.0, 180.0),
            (count == 5) & all_near(72.0, 144.0),
        ],
        [jnp.int32(Polytope.ORTHOGONAL_PAIR), jnp.int32(Polytope.ANTIPODAL_PAIRS), jnp.int32(Polytope.PENTAGON)],
        jnp.int32(Polytope.OTHER),
    )
