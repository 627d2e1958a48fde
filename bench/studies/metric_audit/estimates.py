"""Estimates with one known fault each."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from analysis.theory.l1_transition import minimax_threshold
from bench.methods import Method
from bench.studies.metric_audit.parameters import CONDITIONS
from recovery.knowledge import Knowledge
from toymodels.latents import exact_k
from toymodels.mixing import gaussian_dictionary


class Estimate(NamedTuple):
    """Codes and the dictionary they belong to; as truth, and as something's guess at it.

    `again` is the dictionary of another guess with the same fault; None for the truth.
    """

    codes: Float[Array, "n_samples n_atoms"]
    dictionary: Float[Array, "n_dims n_atoms"]
    again: Float[Array, "n_dims n_atoms"] | None = None


Make = Callable[[PRNGKeyArray, Estimate, Float[Array, ""]], Estimate]


def draw_codes(
    key: PRNGKeyArray, n_samples: int, n_latents: int, density: float
) -> Float[Array, "n_samples n_latents"]:
    """Non-negative codes with the same number of active latents in every sample."""
    n_active = number_active(n_latents, density)
    return exact_k(key, n_samples=n_samples, n_latents=n_latents, n_active=n_active, nonnegative=True)


def number_active(n_latents: int, density: float) -> int:
    """K, at least one."""
    return max(1, round(density * n_latents))


def learned(
    key: PRNGKeyArray, method: Method, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, density: float
) -> tuple[Estimate, Int[Array, ""]]:
    """What a learner makes of observations without noise, read by its own encoder; and the fit's status.

    It is told what recovery-zoo tells its methods: sizes, sign, and K. `again` is a second fit's, with another key.
    """
    n_dims = observations.shape[1]
    knowledge = Knowledge(
        n_dims=n_dims,
        n_latents=n_atoms,
        max_active=n_dims,
        nonnegative=True,
        n_active=number_active(n_atoms, density),
        threshold=float(minimax_threshold(min(n_dims / n_atoms, 1.0), "nonnegative")),
    )
    learner = method.build(knowledge)
    fit, again = (learner.fit(observations, n_atoms=n_atoms, key=each) for each in (key, jax.random.fold_in(key, 1)))
    codes = fit.encoder(fit.dictionary, observations).codes
    return Estimate(codes, fit.dictionary, again.dictionary), fit.status.astype(jnp.int32)


def chance_of(key: PRNGKeyArray, estimate: Estimate) -> Estimate:
    """The same codes with their samples in a random order, and unrelated dictionaries of the same shape."""
    order_key, atom_key = jax.random.split(key)
    n_dims, n_atoms = estimate.dictionary.shape
    atoms, again = (
        gaussian_dictionary(k, n_dims=n_dims, n_latents=n_atoms) for k in (atom_key, jax.random.fold_in(atom_key, 1))
    )
    return Estimate(jax.random.permutation(order_key, estimate.codes, axis=0), atoms, again)


def with_chance(key: PRNGKeyArray, estimate: Estimate, *, n_shuffles: int) -> Estimate:
    """The estimate, followed along a new first axis by what it comes to at chance, `n_shuffles` times."""
    return stacked(estimate, jax.vmap(lambda key: chance_of(key, estimate))(jax.random.split(key, n_shuffles)))


def stacked(first: Estimate, others: Estimate) -> Estimate:
    """One estimate before others that have a further leading axis."""
    return jax.tree.map(lambda one, more: jnp.concatenate([one[None], more]), first, others)


def _same(key: PRNGKeyArray, truth: Estimate, noise: Float[Array, ""]) -> Estimate:
    return truth


def _relabelled(key: PRNGKeyArray, truth: Estimate, noise: Float[Array, ""]) -> Estimate:
    order_key, scale_key = jax.random.split(key)
    n_latents = truth.codes.shape[1]
    order = jax.random.permutation(order_key, n_latents)
    scale = jnp.exp(jax.random.uniform(scale_key, (1, n_latents), minval=-1, maxval=1)).astype(truth.codes.dtype)
    return Estimate((truth.codes * scale)[:, order], (truth.dictionary / scale)[:, order])


def _noisy(key: PRNGKeyArray, truth: Estimate, noise: Float[Array, ""]) -> Estimate:
    def disturbed(key: PRNGKeyArray, array: Array) -> Array:
        size = jnp.sqrt(jnp.mean(array**2))
        return array + noise * size * jax.random.normal(key, array.shape, array.dtype)

    code_key, atom_key = jax.random.split(key)
    return Estimate(jnp.maximum(disturbed(code_key, truth.codes), 0), disturbed(atom_key, truth.dictionary))


def _rotated(key: PRNGKeyArray, truth: Estimate, noise: Float[Array, ""]) -> Estimate:
    n_latents = truth.codes.shape[1]
    rotation = jnp.linalg.qr(jax.random.normal(key, (n_latents, n_latents), truth.codes.dtype))[0]
    return Estimate(truth.codes @ rotation, truth.dictionary @ rotation)


def _dead(key: PRNGKeyArray, truth: Estimate, noise: Float[Array, ""]) -> Estimate:
    n_dims, n_latents = truth.dictionary.shape
    dead = (jnp.arange(n_latents) % 2 == 1)[None, :]
    anywhere = gaussian_dictionary(key, n_dims=n_dims, n_latents=n_latents)
    return Estimate(jnp.where(dead, 0, truth.codes), jnp.where(dead, anywhere, truth.dictionary))


def _unrelated(key: PRNGKeyArray, truth: Estimate, noise: Float[Array, ""]) -> Estimate:
    return chance_of(key, truth)


def _split(key: PRNGKeyArray, truth: Estimate, noise: Float[Array, ""]) -> Estimate:
    first = jax.random.bernoulli(key, 0.5, truth.codes.shape)
    codes = jnp.concatenate([jnp.where(first, truth.codes, 0), jnp.where(first, 0, truth.codes)], axis=1)
    return Estimate(codes, jnp.concatenate([truth.dictionary, truth.dictionary], axis=1))


def _merged(key: PRNGKeyArray, truth: Estimate, noise: Float[Array, ""]) -> Estimate:
    return Estimate(
        truth.codes[:, ::2] + truth.codes[:, 1::2], (truth.dictionary[:, ::2] + truth.dictionary[:, 1::2]) / 2**0.5
    )


MAKERS: dict[str, Make] = {
    "same": _same,
    "relabelled": _relabelled,
    "noisy": _noisy,
    "rotated": _rotated,
    "dead": _dead,
    "unrelated": _unrelated,
    "split": _split,
    "merged": _merged,
}
assert list(MAKERS) == list(CONDITIONS)
N_EQUAL = list(CONDITIONS).index("split")
"""So many conditions, the first ones, have as many atoms as there are latents."""
