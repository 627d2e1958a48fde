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
        return f"accuracy_{self._word}"

    def anomaly_column(self, detector: str) -> str:
        """The name of a detector's area under the ROC curve under it."""
        return f"auroc_{detector}_{self._word}"

    @property
    def _word(self) -> str:
        amount = f"_{self.amount:g}".replace(".", "_") if self.amount else ""
        return self.kind.replace(" ", "_") + amount

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


def amounts_of(kind: Kind) -> Float[Array, " n_conditions"]:
    """The amount of one kind of disturbance in each of `CONDITIONS`."""
    return jnp.array([condition.amount if condition.kind == kind else 0.0 for condition in CONDITIONS])


def disturbed(
    key: PRNGKeyArray, images: Float[Array, "n_images side side"], beyond: str = "constant"
) -> Float[Array, "n_conditions n_images side side"]:
    """The images under each of `CONDITIONS`; noise of the activations leaves them as they are. `beyond` as in `warped`.

    Under all amounts of a kind an image has the same noise, direction or side.
    """
    noise_key, direction_key, side_key = jax.random.split(key, 3)
    direction = jax.random.uniform(direction_key, images.shape[:1], images.dtype, 0, 2 * jnp.pi)
    side = jax.random.rademacher(side_key, images.shape[:1], images.dtype)
    towards = jnp.stack([jnp.sin(direction), jnp.cos(direction)], axis=1)
    offsets = amounts_of("shift")[:, None, None] * towards[None]
    angles = jnp.deg2rad(amounts_of("rotation"))[:, None] * side[None, :]
    moved = jax.vmap(lambda angle, offset: warped(images, angle, offset, beyond))(angles, offsets)
    noise = jax.random.normal(noise_key, images.shape, images.dtype)
    return moved + amounts_of("pixel noise")[:, None, None, None] * noise[None]


def warped(
    images: Float[Array, "n_images side side"],
    angles: Float[Array, " n_images"],
    offsets: Float[Array, "n_images 2"],
    beyond: str = "constant",
) -> Float[Array, "n_images side side"]:
    """Each image turned around its middle by an angle, then moved by (down, right); bilinear.

    From outside comes 0, or with `beyond` "nearest" the last pixel.
    """
    middle = (images.shape[1] - 1) / 2
    places = jnp.arange(images.shape[1], dtype=images.dtype) - middle

    def one(image: Array, angle: Array, offset: Array) -> Array:
        down, right = places[:, None] - offset[0], places[None, :] - offset[1]
        from_row = jnp.cos(angle) * down + jnp.sin(angle) * right + middle
        from_column = jnp.cos(angle) * right - jnp.sin(angle) * down + middle
        return map_coordinates(image, [from_row, from_column], order=1, mode=beyond)

    return jax.vmap(one)(images, angles, offsets)
