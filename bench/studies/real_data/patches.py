"""Patches of whitened photographs: what a dictionary of them looks like (Olshausen & Field 1996)."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bench.studies.real_data.decompose import Decomposition, decompose, density, explained
from bench.studies.real_data.images import photographs, scrambled
from bench.studies.real_data.parameters import Fixed
from bench.study import Context

_PHASES = 0
"""Seed of the random phases, the same in every trial: a trial is another choice of patches."""


class World(NamedTuple):
    """Patches to learn from and patches to be judged on, their means taken out."""

    train: Float[Array, "n_patches n_pixels"]
    test: Float[Array, "n_test n_pixels"]


def world(key: PRNGKeyArray, context: Context, values: dict) -> World:
    """Patches at random places of both photographs alike, or of both with random phases."""
    fixed: Fixed = context.fixed
    kinds = jnp.asarray(np.stack([photographs(), scrambled(_PHASES)]).astype(np.float32))
    train_key, test_key = jax.random.split(key)
    pixels, side = kinds[values["scrambled"]], fixed.patch_side
    return World(_draw(train_key, pixels, side, fixed.n_patches), _draw(test_key, pixels, side, fixed.n_patches // 4))


def _draw(key: PRNGKeyArray, images: Array, side: int, n: int) -> Float[Array, "n n_pixels"]:
    n_images, height, width = images.shape
    row_key, column_key = jax.random.split(key)
    which = jnp.arange(n) % n_images
    rows = jax.random.randint(row_key, (n,), 0, height - side + 1)[:, None, None] + jnp.arange(side)[None, :, None]
    columns = jax.random.randint(column_key, (n,), 0, width - side + 1)[:, None, None] + jnp.arange(side)[None, None, :]
    patches = images[which[:, None, None], rows, columns].reshape(n, side**2)
    return patches - jnp.mean(patches, axis=1, keepdims=True)


def sample(key: PRNGKeyArray, context: Context, world: World, values: dict) -> dict[str, jax.Array]:
    """Nothing: the world holds the patches."""
    return {}


def measure(key: PRNGKeyArray, context: Context, world: World, data: dict, values: dict, method: str) -> Decomposition:
    """Learn a dictionary of the patches by one method."""
    n_atoms = context.fixed.patch_atoms
    return decompose(key, context, method, world.train, world.test, n_atoms=n_atoms, nonnegative=False)


def judge(
    key: PRNGKeyArray, context: Context, world: World, data: dict, values: dict, found: Decomposition
) -> dict[str, Any]:
    """How much of other patches it explains. Atoms are stored as they are, and judged when the report is drawn."""
    r2, _ = explained(world.test, found.dictionary, found.features)
    return {"r2": r2, **density(found.features), "pictures": found.dictionary.T, **found.status}
