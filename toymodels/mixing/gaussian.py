"""Random Gaussian dictionaries."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def gaussian_dictionary(
    key: PRNGKeyArray, *, n_dims: int, n_latents: int, unit_norm: bool = True
) -> Float[Array, "n_dims n_latents"]:
    """Draw a dictionary with independent N(0, 1 / n_dims) entries; its columns are the atoms.

    With ``unit_norm`` every column is divided by its Euclidean norm, which makes the atoms uniform on the sphere;
    without, their squared norms are 1 on average.

    Args:
        key: the only source of randomness.
        n_dims: number of rows M.
        n_latents: number of columns N.
        unit_norm: whether the columns are normalised.

    Returns:
        The dictionary, in JAX's default floating dtype.
    """
    dictionary = jax.random.normal(key, (n_dims, n_latents)) / n_dims**0.5
    if not unit_norm:
        return dictionary
    return dictionary / jnp.linalg.norm(dictionary, axis=0, keepdims=True)
