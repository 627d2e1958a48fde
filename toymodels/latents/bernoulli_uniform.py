"""Latents that are on with a given probability and uniform when on."""

from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray

from toymodels.latents.bernoulli import bernoulli


def bernoulli_uniform(
    key: PRNGKeyArray, *, n_samples: int, n_latents: int, density: Float[ArrayLike, ""]
) -> Float[Array, "n_samples n_latents"]:
    """Draw sparse non-negative codes: the input distribution of Elhage et al. (2022), where density = 1 - S.

    Every entry is independently non-zero with probability ``density`` and then uniform on [0, 1); otherwise it is
    exactly 0. Its mean is density / 2 and its second moment density / 3.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        n_latents: number of columns N.
        density: probability in [0, 1] that a latent is active; may be traced. It also gives the floating dtype.

    Returns:
        Codes, one sample a row.
    """
    return bernoulli(key, n_samples=n_samples, n_latents=n_latents, density=density, magnitude="uniform")
