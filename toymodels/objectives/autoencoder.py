"""Reconstruction: the control, in which nothing but g itself says what the latents are."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from toymodels.networks.encoder import EncoderParams, encode


def loss(
    decoder: EncoderParams,
    features: Float[Array, "n_samples n_dims"],
    observations: Float[Array, "n_samples n_observed"],
) -> Float[Array, ""]:
    """Mean over samples and entries of (d(y) - x)^2, d the decoder.

    Any invertible map of the representation can be undone by the decoder: at the minimum the latents are in the
    representation, but in no determined form (Hyvarinen & Pajunen 1999; Locatello et al. 2019).

    Args:
        decoder: d.
        features: y, one sample a row.
        observations: x of each sample.

    Returns:
        The loss, a scalar.
    """
    return jnp.mean((encode(decoder, features) - observations) ** 2)
