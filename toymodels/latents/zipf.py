"""Latents that fire independently, a few often and most seldom."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy import special

_MISSED = 1e-9


def zipf_densities(n_latents: int, *, highest: float, lowest: float) -> np.ndarray:
    """Densities that fall with the rank i as lowest + (highest - lowest) (1/i - 1/N) / (1 - 1/N).

    Zipf's law with exponent 1, moved and scaled so that the first and the last latent have the densities named.
    """
    if not 0 < lowest <= highest < 1:
        raise ValueError(f"densities must satisfy 0 < lowest <= highest < 1, got {lowest} and {highest}")
    inverse = 1 / np.arange(1, n_latents + 1)
    fall = (inverse - inverse[-1]) / max(1 - inverse[-1], np.finfo(float).tiny)
    return lowest + (highest - lowest) * fall if n_latents > 1 else np.array([highest])


def zipf(
    key: PRNGKeyArray,
    *,
    n_samples: int,
    n_latents: int,
    highest: float,
    lowest: float,
    mean: Float[Array, ""] | float = 1.0,
    std: Float[Array, ""] | float = 0.2,
) -> Float[Array, "n_samples n_latents"]:
    """Draw codes whose entry i is independently on with density p_i of `zipf_densities`, and then max(0, N(mean, std)).

    Only what is active is drawn. Events fall on latent i at rate -log(1 - p_i), and a latent is on that has any: then
    latents are on independently with probability p_i (a Poisson process split by latent). A sample has as many slots
    for events as it needs but once in a billion; what does not fit is left out. Densities are static.
    """
    rates = -np.log1p(-zipf_densities(n_latents, highest=highest, lowest=lowest))
    total = rates.sum()
    slots = np.arange(int(total + 10 * np.sqrt(total)) + 20)
    n_slots = int(np.argmax(special.pdtrc(slots, total) <= _MISSED))
    key_count, key_latent, key_value = jax.random.split(key, 3)
    dtype = jnp.result_type(float)
    reached = jnp.asarray(special.pdtr(slots[:n_slots], total), dtype)
    present = jax.random.uniform(key_count, (n_samples, 1), dtype) >= reached[None, :]
    shares = jnp.asarray(np.cumsum(rates)[:-1] / total, dtype)
    latent = jnp.searchsorted(shares, jax.random.uniform(key_latent, (n_samples, n_slots), dtype), side="right")
    # A latent that several events fall on takes its value from the first of them.
    again = jnp.any(jnp.tril(latent[:, :, None] == latent[:, None, :], k=-1), axis=2)
    values = jnp.maximum(0, mean + std * jax.random.normal(key_value, latent.shape, dtype))
    rows = jnp.arange(n_samples)[:, None]
    return jnp.zeros((n_samples, n_latents), dtype).at[rows, latent].add(jnp.where(present & ~again, values, 0))
