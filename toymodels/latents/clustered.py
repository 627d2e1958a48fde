"""Latents about cluster centres on the unit sphere, and classes of latents from any other prior."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PRNGKeyArray

from toymodels.latents.von_mises_fisher import von_mises_fisher

CLUSTER_SHAPES = ("von-mises-fisher", "gaussian", "laplace", "heteroscedastic")

SPREAD_RATIO = 4.0
"""Of a heteroscedastic cluster's two standard deviations."""


def sphere(key: PRNGKeyArray, *, n_samples: int, n_latents: int) -> Float[Array, "n_samples n_latents"]:
    """Draw independent uniform points of the unit sphere, in JAX's default floating dtype."""
    points = jax.random.normal(key, (n_samples, n_latents))
    return points / jnp.linalg.norm(points, axis=1, keepdims=True)


def clustered(
    key: PRNGKeyArray,
    centres: Float[Array, "n_samples n_latents"],
    *,
    concentration: Float[ArrayLike, ""],
    shape: str = "von-mises-fisher",
) -> Float[Array, "n_samples n_latents"]:
    """Draw one sample about each of the given unit vectors v.

        von-mises-fisher    density proportional to exp(c <v, z>) on the unit sphere
        gaussian            v + noise of variance 1 / c in each coordinate
        laplace             the same with Laplace noise
        heteroscedastic     the same with Gaussian noise of four times the deviation where v_i > 0 as elsewhere

    For the first two, log p(z | v) is linear in z up to what v has no part in: classifiers by cross-entropy identify z
    up to a linear map (Reizinger et al. 2024). For the others it is not.

    Args:
        key: the only source of randomness.
        centres: the vector v of each sample.
        concentration: c > 0; may be traced.
        shape: one of ``CLUSTER_SHAPES``.

    Returns:
        Latents, one sample a row.

    Raises:
        ValueError: if there is no such shape, or the centres have fewer than 2 entries.
    """
    if shape not in CLUSTER_SHAPES:
        raise ValueError(f"shape must be one of {', '.join(CLUSTER_SHAPES)}, got {shape!r}")
    n_samples, n_latents = centres.shape
    if shape == "von-mises-fisher":
        pole = jnp.zeros(n_latents, centres.dtype).at[0].set(1)
        about_pole = von_mises_fisher(key, n_samples=n_samples, direction=pole, concentration=concentration)
        return _reflected(about_pole, pole, centres)
    deviation = 1 / jnp.sqrt(jnp.asarray(concentration, centres.dtype))
    if shape == "laplace":
        return centres + deviation * jax.random.laplace(key, centres.shape, centres.dtype) / 2**0.5
    noise = jax.random.normal(key, centres.shape, centres.dtype)
    if shape == "heteroscedastic":
        # Mean square 1, half of the coordinates at each of the two.
        small = (2 / (1 + SPREAD_RATIO**2)) ** 0.5
        noise = noise * jnp.where(centres > 0, SPREAD_RATIO * small, small)
    return centres + deviation * noise


def classes_of(
    key: PRNGKeyArray,
    latents: Float[Array, "n_samples n_latents"],
    centres: Float[Array, "n_classes n_latents"],
    *,
    concentration: Float[ArrayLike, ""],
    n_classes: Int[ArrayLike, ""] | None = None,
) -> Int[Array, " n_samples"]:
    """Draw each sample's class with probability proportional to exp(c <v_class, z>), whatever the prior of z.

    It is the posterior of the classes of von Mises-Fisher clusters, of Gaussian ones too, and all that cross-entropy
    ever sees of a prior: so theory's linear identifiability goes beyond the sphere, to sparse latents as well.

    Args:
        key: the only source of randomness.
        latents: z, one sample a row.
        centres: the vectors v.
        concentration: c; may be traced.
        n_classes: classes in use, the first ones; may be traced. None takes all.

    Returns:
        A class per sample.
    """
    in_use = jnp.arange(centres.shape[0]) < (centres.shape[0] if n_classes is None else n_classes)

    def one(arguments):
        latent, key = arguments
        logits = jnp.where(in_use, concentration * jnp.sum(centres * latent[None, :], axis=1), -jnp.inf)
        return jax.random.categorical(key, logits)

    # In blocks: one of all samples would hold as many scores as samples times classes.
    return jax.lax.map(one, (latents, jax.random.split(key, latents.shape[0])), batch_size=512)


def _reflected(
    samples: Float[Array, "n_samples n_latents"],
    pole: Float[Array, " n_latents"],
    centres: Float[Array, "n_samples n_latents"],
) -> Float[Array, "n_samples n_latents"]:
    """Each sample in the mirror that takes the pole to its centre; the cluster is symmetric about its centre."""
    normal = centres - pole[None, :]
    length = jnp.sum(normal**2, axis=1, keepdims=True)
    share = jnp.sum(normal * samples, axis=1, keepdims=True) / jnp.where(length > 0, length, 1)
    return samples - 2 * share * normal
