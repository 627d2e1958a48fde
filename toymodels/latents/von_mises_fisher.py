"""Dense latents on the unit sphere, concentrated about a direction."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray


def von_mises_fisher(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    direction: Float[Array, " n_latents"],
    concentration: Float[ArrayLike, ""],
) -> Float[Array, "n_samples n_latents"]:
    """Draw unit vectors with density proportional to exp(concentration <direction, z>).

    The mean is A direction with A = I_{N/2}(c) / I_{N/2-1}(c), c the concentration; c = 0 is the uniform distribution.
    The component along the direction is drawn by rejection (Wood 1994; more than .65 of the proposals are accepted
    whatever c and N), the rest uniformly on the sphere about it.

    Args:
        key: the only source of randomness.
        n_samples: number of rows P.
        direction: the mean direction; scaled to unit norm here; N >= 2.
        concentration: c >= 0; may be traced.

    Returns:
        Codes of unit norm, one sample a row, in the direction's floating dtype.

    Raises:
        ValueError: if the direction has fewer than 2 entries.
    """
    (n_latents,) = direction.shape
    if n_latents < 2:
        raise ValueError(f"direction must have at least 2 entries, got {n_latents}")
    along_key, across_key = jax.random.split(key)
    mean = direction / jnp.linalg.norm(direction)
    along = _components_along(along_key, n_samples, n_latents, jnp.asarray(concentration, mean.dtype))
    across = jax.random.normal(across_key, (n_samples, n_latents), mean.dtype)
    across = across - (across @ mean)[:, None] * mean[None, :]
    across = across / jnp.linalg.norm(across, axis=1, keepdims=True)
    codes = along[:, None] * mean[None, :] + jnp.sqrt(jnp.maximum(1 - along**2, 0))[:, None] * across
    # Where the projection left little, rounding has tilted it.
    return codes / jnp.linalg.norm(codes, axis=1, keepdims=True)


def _components_along(
    key: PRNGKeyArray, n_samples: int, n_latents: int, concentration: Float[Array, ""]
) -> Float[Array, " n_samples"]:
    """Components along the mean direction, each proposed until it is accepted."""
    freedom = n_latents - 1
    # Wood's b = (sqrt(4 c^2 + freedom^2) - 2 c) / freedom, written without the difference of large numbers.
    b = freedom / (2 * concentration + jnp.sqrt(4 * concentration**2 + freedom**2))
    at = (1 - b) / (1 + b)
    level = concentration * at + freedom * jnp.log(1 - at**2)

    def propose(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        round_, accepted, component = state
        beta_key, uniform_key = jax.random.split(jax.random.fold_in(key, round_))
        z = jax.random.beta(beta_key, freedom / 2, freedom / 2, (n_samples,), concentration.dtype)
        proposal = (1 - (1 + b) * z) / (1 - (1 - b) * z)
        excess = concentration * proposal + freedom * jnp.log(1 - at * proposal) - level
        accept = excess >= jnp.log(jax.random.uniform(uniform_key, (n_samples,), concentration.dtype))
        return round_ + 1, accepted | accept, jnp.where(~accepted & accept, proposal, component)

    # 0.35^100: a sample that is still without a proposal has met a non-finite concentration.
    start = (jnp.int32(0), jnp.zeros(n_samples, bool), jnp.full(n_samples, jnp.nan, concentration.dtype))
    return jax.lax.while_loop(lambda state: ~jnp.all(state[1]) & (state[0] < 100), propose, start)[2]
