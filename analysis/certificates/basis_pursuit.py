"""How well codes solve basis pursuit, recomputed from the problem, the codes and a dual vector alone.

The problem, for each sample: minimise ||z||_1 subject to A z = y, with z >= 0 where `nonnegative`. Its dual: maximise
y . w subject to |A^T w| <= 1, or A^T w <= 1 where `nonnegative`.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BasisPursuitCertificate:
    """Each sample's relative duality gap and relative violation of the primal constraints; both 0 at a solution."""

    gap: Float[Array, " n_samples"]
    infeasibility: Float[Array, " n_samples"]


def basis_pursuit_certificate(
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    codes: Float[Array, "n_samples n_latents"],
    dual: Float[Array, "n_samples n_dims"],
    *,
    nonnegative: bool,
) -> BasisPursuitCertificate:
    """Certify codes by a dual vector w, any at all: it is first scaled down to be dual feasible.

    gap = | ||z||_1 - y . w | / max(||z||_1, |y . w|), and infeasibility = ||A z - y|| / ||y||, or where `nonnegative`
    and larger, ||z_-|| / ||z||, z_- the codes' negative part. The objective is then within about gap times ||z||_1 of
    the least, up to the infeasibility's share. 0/0 is 0; for y = 0 and A z not 0 the infeasibility is inf.
    """
    projected = dual @ dictionary
    largest = jnp.max(projected if nonnegative else jnp.abs(projected), axis=1, initial=0.0)
    reached = jnp.sum(observations * dual, axis=1) / jnp.maximum(largest, 1)
    norm = jnp.sum(jnp.abs(codes), axis=1)
    gap = _relative(jnp.abs(norm - reached), jnp.maximum(norm, jnp.abs(reached)))
    misfit = jnp.linalg.norm(codes @ dictionary.T - observations, axis=1)
    infeasibility = _relative(misfit, jnp.linalg.norm(observations, axis=1))
    if nonnegative:
        negative = jnp.linalg.norm(jnp.minimum(codes, 0), axis=1)
        infeasibility = jnp.maximum(infeasibility, _relative(negative, jnp.linalg.norm(codes, axis=1)))
    return BasisPursuitCertificate(gap, infeasibility)


def _relative(error: Float[Array, " n_samples"], size: Float[Array, " n_samples"]) -> Float[Array, " n_samples"]:
    return jnp.where(size > 0, error / jnp.where(size > 0, size, 1), jnp.where(error == 0, 0, jnp.inf))
