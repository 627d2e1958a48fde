"""Synthetic worlds with known truth on which diagnoses are calibrated and judged, among them some without atoms."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Float

from toymodels.latents import bernoulli, exact_k
from toymodels.latents.zipf import zipf, zipf_densities
from toymodels.mixing import gaussian_dictionary

Kind = Literal["exact", "bernoulli", "zipf", "gaussian"]
N_FRESH = 2000
_SIGNED = ("gaussian", "laplace")
_MAGNITUDES = (*_SIGNED, "uniform", "exponential", "spike")
_DIMS, _LARGER_DIMS = (16, 32), (48, 64, 96)
_SAMPLES, _MORE_SAMPLES = (250, 1000, 4000), (1000, 4000, 10_000)


class WorldSpec(msgspec.Struct, frozen=True):
    """A world: N latents in M dimensions, K active on average, P samples.

    `noise` is the noise's standard deviation over the signal's root mean square per coordinate. In a "gaussian" world
    all latents are active and normal, so that nothing tells the atoms from any rotation of them.
    """

    kind: Kind
    n_dims: int
    n_latents: int
    n_active: float
    n_samples: int
    nonnegative: bool
    magnitude: str
    noise: float
    seed: int


class World(NamedTuple):
    """Observations to diagnose, and fresh ones with their codes to judge by."""

    observations: Float[np.ndarray, "n_samples n_dims"]
    dictionary: Float[Array, "n_dims n_latents"]
    fresh: Float[Array, "n_fresh n_dims"]
    codes: Float[Array, "n_fresh n_latents"]
    noise_std: float


def draw_spec(rng: np.random.Generator, seed: int, *, larger: bool = False) -> WorldSpec:
    """A world at random: sizes, sparsity, noise and amplitudes each over their range; or one `larger` than all these,
    up to what a diagnosis uses by default."""
    kind: Kind = str(rng.choice(["exact", "exact", "exact", "bernoulli", "bernoulli", "zipf", "gaussian"]))  # pyright: ignore[reportAssignmentType]
    n_dims = int(rng.choice(_LARGER_DIMS if larger else _DIMS))
    n_latents = round(n_dims * float(rng.choice([0.75, 1.0, 1.5, 2.0, 3.0])))
    n_active = max(1.0, np.exp(rng.uniform(np.log(0.05), np.log(0.6))) * n_dims)
    magnitude = str(rng.choice(_MAGNITUDES))
    nonnegative = magnitude not in _SIGNED or bool(rng.integers(2))
    if kind == "gaussian":
        n_active, magnitude, nonnegative = n_latents, "gaussian", False
    if kind == "zipf":
        magnitude, nonnegative = "normal(1, 0.2)", True
    return WorldSpec(
        kind=kind,
        n_dims=n_dims,
        n_latents=n_latents,
        n_active=float(round(min(n_active, n_latents)) if kind == "exact" else min(n_active, n_latents)),
        n_samples=int(rng.choice(_MORE_SAMPLES if larger else _SAMPLES, p=[0.25, 0.35, 0.4])),
        nonnegative=nonnegative,
        magnitude=magnitude,
        noise=float(np.exp(rng.uniform(np.log(0.02), np.log(0.6)))),
        seed=seed,
    )


def make_world(spec: WorldSpec) -> World:
    """Draw the world; the same spec gives the same numbers."""
    dictionary_key, codes_key, noise_key = jax.random.split(jax.random.key(spec.seed), 3)
    dictionary = gaussian_dictionary(dictionary_key, n_dims=spec.n_dims, n_latents=spec.n_latents)
    dictionary = dictionary / jnp.linalg.norm(dictionary, axis=0)
    codes = _codes(spec, codes_key)
    clean = codes @ dictionary.T
    noise_std = spec.noise * float(jnp.sqrt(jnp.mean(clean**2)))
    y = clean + noise_std * jax.random.normal(noise_key, clean.shape, clean.dtype)
    return World(np.asarray(y[: spec.n_samples]), dictionary, y[spec.n_samples :], codes[spec.n_samples :], noise_std)


def _codes(spec: WorldSpec, key: Array) -> Array:
    sizes = {"n_samples": spec.n_samples + N_FRESH, "n_latents": spec.n_latents}
    if spec.kind == "gaussian":
        return jax.random.normal(key, tuple(sizes.values()))
    if spec.kind == "exact":
        return exact_k(
            key, **sizes, n_active=round(spec.n_active), nonnegative=spec.nonnegative, magnitude=spec.magnitude
        )
    if spec.kind == "bernoulli":
        codes = bernoulli(key, **sizes, density=spec.n_active / spec.n_latents, magnitude=spec.magnitude)
        return jnp.abs(codes) if spec.nonnegative else codes
    lowest, highest = _zipf_range(spec)
    return zipf(key, **sizes, lowest=lowest, highest=highest)


def _zipf_range(spec: WorldSpec) -> tuple[float, float]:
    """Densities by Zipf's law whose sum is the number active, the lowest 0.3 of their mean."""
    lowest = 0.3 * spec.n_active / spec.n_latents
    fall = np.sum(zipf_densities(spec.n_latents, highest=0.9, lowest=0.1) - 0.1) / 0.8
    return lowest, min(0.95, lowest + (spec.n_active - spec.n_latents * lowest) / fall)
