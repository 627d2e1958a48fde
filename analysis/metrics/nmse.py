"""Errors of codes relative to their energy."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def nmse(truth: Float[Array, "n_samples n_latents"], estimate: Float[Array, "n_samples n_latents"]) -> Float[Array, ""]:
    """Normalised mean squared error sum ||z - z^||^2 / sum ||z||^2 over all samples.

    In [0, inf), 0 for the exact codes. Chance: 1 for no codes at all, 1 + r for unrelated ones of mean zero and r times
    the energy. Invariant to one scale and one rotation of both sides together; order, sign and scale of the estimate
    count, so `align` codes of an unknown dictionary first. The error that compressed sensing judges by, relative
    [DonohoMalekiMontanari2011]. Without any energy in the truth: 0 where the estimate is exact, else inf.
    """
    return _relative(jnp.sum((truth - estimate) ** 2), jnp.sum(truth**2))


def relative_error(
    truth: Float[Array, "n_samples n_latents"], estimate: Float[Array, "n_samples n_latents"]
) -> Float[Array, " n_samples"]:
    """||z - z^|| / ||z|| of each sample, not squared; for a zero sample 0 where the estimate is zero, else inf.

    In [0, inf), at chance 1 for a zero estimate and sqrt(2) for orthogonal codes of the same norm. Invariances as
    `nmse`; what [DonohoTanner2009] call success is a bound on it.
    """
    return _relative(jnp.linalg.norm(truth - estimate, axis=1), jnp.linalg.norm(truth, axis=1))


def _relative(error: Float[Array, "*s"], size: Float[Array, "*s"]) -> Float[Array, "*s"]:
    positive = size > 0
    return jnp.where(positive, error / jnp.where(positive, size, 1), jnp.where(error == 0, 0, jnp.inf))
