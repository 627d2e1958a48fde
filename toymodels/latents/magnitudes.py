"""How large a latent is when it is active: the half of a prior that every way of firing shares."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32


@dataclass(frozen=True)
class Magnitude:
    """The distribution of an active latent.

    Attributes:
        name: what it is called in `MAGNITUDES`.
        draw: of a key, a shape and a floating type, independent values.
        of_uniform: of v, uniform on (0, 1), |x|; tails come from small v, where floating numbers are finest.
        signed: whether x is negative as often as positive; otherwise x = |x|.
        mean: E x.
        second_moment: E x^2.
    """

    name: str
    draw: Callable[..., Array]
    of_uniform: Callable[[Array], Array]
    signed: bool
    mean: float
    second_moment: float


MAGNITUDES: dict[str, Magnitude] = {
    one.name: one
    for one in (
        Magnitude("uniform", jax.random.uniform, lambda v: v, False, 1 / 2, 1 / 3),
        Magnitude("gaussian", jax.random.normal, lambda v: -jax.scipy.special.ndtri(v / 2), True, 0.0, 1.0),
        Magnitude("exponential", jax.random.exponential, lambda v: -jnp.log(v), False, 1.0, 2.0),
        Magnitude("laplace", jax.random.laplace, lambda v: -jnp.log(v), True, 0.0, 2.0),
        Magnitude("spike", lambda key, shape, dtype: jnp.ones(shape, dtype), jnp.ones_like, False, 1.0, 1.0),
    )
}
"""Uniform on [0, 1), standard normal, exponential of mean 1, Laplace of scale 1, and exactly 1."""


def find_magnitude(name: str) -> Magnitude:
    """The magnitude of that name. Raises ValueError naming those there are."""
    if name not in MAGNITUDES:
        raise ValueError(f"magnitude must be one of {', '.join(MAGNITUDES)}, got {name!r}")
    return MAGNITUDES[name]


def magnitudes_where(
    active: Array, key: PRNGKeyArray, magnitude: Magnitude, dtype: jnp.dtype
) -> Float[Array, "n_samples n_latents"]:
    """Independent values where ``active``, 0 elsewhere."""
    return jnp.where(active, magnitude.draw(key, active.shape, dtype), jnp.zeros((), dtype))


def unit_interval(words: UInt32[Array, "*shape"], dtype: jnp.dtype) -> Float[Array, "*shape"]:
    """Random words as numbers in (0, 1), as fine near 0 as 2^-33."""
    share = (words.astype(dtype) + 0.5) * 2.0**-32
    # Rounding to single precision carries the largest words to 1.
    return jnp.minimum(share, 1 - 2.0**-24)


def random_signs(words: UInt32[Array, "*shape"], dtype: jnp.dtype) -> Float[Array, "*shape"]:
    """+1 or -1 by the words' last bits, which move `unit_interval` by no more than its resolution."""
    return 1 - 2 * (words & 1).astype(dtype)
