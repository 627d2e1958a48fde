"""The leaky rectifier and its inverse."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float


def leaky_relu(values: Float[Array, "*s"], slope: Float[ArrayLike, ""]) -> Float[Array, "*s"]:
    """t where t >= 0 and slope t elsewhere; a slope in (0, 1] keeps it invertible, 1 makes it the identity."""
    return jnp.where(values >= 0, values, slope * values)


def inverse_leaky_relu(values: Float[Array, "*s"], slope: Float[ArrayLike, ""]) -> Float[Array, "*s"]:
    """The value that `leaky_relu` maps there."""
    return jnp.where(values >= 0, values, values / slope)


def check_slope(slope: Float[ArrayLike, ""]) -> None:
    """Raise ValueError where a concrete slope is outside (0, 1]."""
    if isinstance(slope, int | float) and not 0 < slope <= 1:
        raise ValueError(f"slope must be in (0, 1], got {slope}")
