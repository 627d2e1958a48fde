"""What is done to test images, or to their representations, that the training never saw."""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates
from jaxtyping import Array, Float, PRNGKeyArray

Kind = Literal["clean", "pixel noise", "activation noise", "shift", "rotation"]

UNITS: dict[str, str] = {
    "pixel noise": "standard deviation, pixels being from 0 to 1",
    "activation noise": "standard deviation in units of the activations' root mean square",
    "shift": "pixels in a random direction, of 8 pixels",
    "rotation": "degrees to a random side",
}


@dataclass(frozen=True)
class Condition:
    """A disturbance and its amount, in the units of `UNITS`."""

    kind: Kind
    amount: float

    @property
    def column(self) -> str:
        """The name of the accuracy under it."""
        return f"accuracy_{self.kind.replace(' ', '_')}" + (
            f"_{self.amount:g}".replace(".", "_") if self.amount else ""
        )

    @property
    def label(self) -> str:
        return f"{self.kind} {self.amount:g}" if self.amount else self.kind


STEPS: dict[Kind, tuple[float, ...]] = {
    "pixel noise": (0.2, 0.4),
    "activation noise": (0.5, 1.0),
    "shift": (0.5, 1.0),
    "rotation": (15.0, 30.0),
}
"""Amounts by kind; 0 is the clean image."""

CONDITIONS = (
    Condition("clean", 0.0),
    *(Condition(kind, amount) for kind, amounts in STEPS.items() for amount in amounts),
)


def disturbed(
    key: PRNGKeyArray, images: Float[Array, "n_images side side"], condition: Condition
) -> Float[Array, "n_images side side"]:
    """The images under a condition; one of the activations leaves them as they are."""
    n_images = images.shape[0]
    if condition.kind == "pixel noise":
        return images + condition.amount * jax.random.normal(key, images.shape, images.dtype)
    if condition.kind == "shift":
        direction = jax.random.uniform(key, (n_images,), images.dtype, 0, 2 * jnp.pi)
        offsets = condition.amount * jnp.stack([jnp.sin(direction), jnp.cos(direction)], axis=1)
        return warped(images, jnp.zeros_like(direction), offsets)
    if condition.kind == "rotation":
        side = jax.random.rademacher(key, (n_images,), images.dtype)
        return warped(images, jnp.deg2rad(condition.amount) * side, jnp.zeros((n_images, 2), images.dtype))
    return images


def warped(
    images: Float[Array, "n_images side side"], angles: Float[Array, " n_images"], offsets: Float[Array, "n_images 2"]
) -> Float[Array, "n_images side side"]:
    """Each image turned around its middle by an angle, then moved by (down, right); bilinear, 0 from outside."""
    middle = (images.shape[1] - 1) / 2
    places = jnp.arange(images.shape[1], dtype=images.dtype) - middle

    def one(image: Array, angle: Array, offset: Array) -> Array:
        down, right = places[:, None] - offset[0], places[None, :] - offset[1]
        from_row = jnp.cos(angle) * down + jnp.sin(angle) * right + middle
        from_column = jnp.cos(angle) * right - jnp.sin(angle) * down + middle
        return map_coordinates(image, [from_row, from_column], order=1)

    return jax.vmap(one)(images, angles, offsets)
