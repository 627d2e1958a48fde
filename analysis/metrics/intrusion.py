"""The intruder test, judged by an embedding instead of a person."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from analysis.metrics.dictionary_similarity import unit_columns


def intrusion_accuracy(
    key: PRNGKeyArray,
    codes: Float[Array, "n_items n_atoms"],
    embedding: Float[Array, "n_items n_features"],
    *,
    n_top: int = 5,
    n_rounds: int = 8,
) -> Float[Array, " n_atoms"]:
    """Share of rounds in which the intruder among an atom's top items is found, after word intrusion [Chang2009].

    In each round the `n_top` items with the largest codes of the atom are joined by an intruder, drawn from the half
    of the items with its smallest codes. The judge names the item whose mean cosine with the others, in the
    embedding, is least. In [0, 1], at chance 1 / (n_top + 1), whatever the atom's density; an atom whose items have
    nothing in common stays there. Invariant to increasing maps of an atom's codes (codes are taken with their sign) and
    to rotations and scale of the embedding. The judge sees only what the embedding separates: compare it with chance
    and with the truth's own atoms. [Chang2009] draw the intruder from the top items of another topic, which is harder.

    Raises ValueError unless 2 <= n_top <= n_items / 2.
    """
    deal = _dealer(codes, n_top)

    def play(key: PRNGKeyArray) -> Float[Array, " n_atoms"]:
        # Of equally odd items the judge names any, not always the first.
        alike = fellowship(embedding, deal(key))
        oddest = alike == jnp.min(alike, axis=1, keepdims=True)
        return oddest[:, 0] / jnp.sum(oddest, axis=1)

    return jnp.mean(jax.lax.map(play, jax.random.split(key, n_rounds)), axis=0)


def intrusion_round(
    key: PRNGKeyArray, codes: Float[Array, "n_items n_atoms"], *, n_top: int = 5
) -> Int[Array, "n_atoms n_shown"]:
    """Indices of the items shown in one round of `intrusion_accuracy`: the intruder first, then the top items.

    Raises ValueError unless 2 <= n_top <= n_items / 2.
    """
    return _dealer(codes, n_top)(key)


def fellowship(
    embedding: Float[Array, "n_items n_features"], shown: Int[Array, "n_atoms n_shown"]
) -> Float[Array, "n_atoms n_shown"]:
    """Sum of each shown item's cosines with the others: the judge names the item for which it is least."""
    items = unit_columns(embedding.T).T[shown]
    return jnp.sum(items * jnp.sum(items, axis=1, keepdims=True), axis=2) - jnp.sum(items**2, axis=2)


def _dealer(codes: Float[Array, "n_items n_atoms"], n_top: int) -> Callable[[PRNGKeyArray], Array]:
    """Deals a round of every atom."""
    n_items, n_atoms = codes.shape
    if not 2 <= n_top <= n_items // 2:
        raise ValueError(f"n_top must be from 2 to half of the {n_items} items, not {n_top}")
    order = jnp.argsort(-codes, axis=0)
    top, lower = order[:n_top], order[n_items - n_items // 2 :]

    def deal(key: PRNGKeyArray) -> Int[Array, "n_atoms n_shown"]:
        place = jax.random.randint(key, (n_atoms,), 0, lower.shape[0])
        return jnp.concatenate([lower[place, jnp.arange(n_atoms)][None, :], top]).T

    return deal
