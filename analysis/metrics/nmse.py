"""Errors of codes relative to their energy."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def nmse(truth: Float[Array, "n_samples n_latents"], estimate: Float[Array, "n_samples n_latents"]) -> Float[Array, ""]:
    """Normalised mean squared error sum ||z - z^||^2 / sum ||z||^2 over all samples.

    From 0 to inf; codes of nothing but zeros have 1, unrelated ones of the truth's energy and mean 0 have 2: there is
    no other chance level. Invariant to one order of samples or latents, to a common sign and to a common scale of both;
    not to a scale of the estimate alone, for which see `align`. Without any energy in the truth: 0 where the estimate
    is exact, else inf. The reciprocal of the signal-to-noise ratio of compressed sensing.
    """
    return _relative(jnp.sum((truth - estimate) ** 2), jnp.sum(truth**2))


def relative_error(
    truth: Float[Array, "n_samples n_latents"], estimate: Float[Array, "n_samples n_latents"]
) -> Float[Array, " n_samples"]:
    """||z - z^|| / ||z|| of each sample, not squared; for a zero sample 0 where the estimate is zero, else inf."""
    return _relative(jnp.linalg.norm(truth - estimate, axis=1), jnp.linalg.norm(truth, axis=1))


def _relative(error: Float[Array, "*s"], size: Float[Array, "*s"]) -> Float[Array, "*s"]:
    positive = size > 0
    return jnp.where(positive, error / jnp.where(positive, size, 1), jnp.where(error == 0, 0, jnp.inf))
