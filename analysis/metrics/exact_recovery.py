"""Conditions of exact recovery on the very dictionary, for many supports at once.

The batched form of `analysis.theory.babel` and `analysis.theory.exact_recovery`, for columns that a mask includes.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from analysis.metrics.dictionary_similarity import absolute_cosine, unit_columns


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class SupportConditions:
    """One coefficient per sample; below 1 the sample's support is recovered by the methods the condition is for."""

    exact_recovery: Float[Array, " n_samples"]
    nonnegative: Float[Array, " n_samples"]


def babel_sum(
    dictionary: Float[Array, "n_dims n_latents"],
    n_others: int | Int[Array, ""],
    *,
    mask: Bool[Array, " n_latents"] | None = None,
) -> Float[Array, ""]:
    """Babel function mu_1(K) at K = `n_others` [Tropp2004]: the largest sum of one column's |cosine| with K others.

    In [0, K]; mu_1(1) is the coherence. Invariant to order, sign and scale. Columns outside `mask` (all are inside by
    default) and columns beyond the last count as 0.
    """
    counted = jnp.ones(dictionary.shape[1], bool) if mask is None else mask
    pairs = counted[:, None] & counted[None, :] & ~jnp.eye(dictionary.shape[1], dtype=bool)
    largest_first = -jnp.sort(-jnp.where(pairs, absolute_cosine(dictionary, dictionary), 0), axis=1)
    taken = jnp.arange(dictionary.shape[1]) < n_others
    return jnp.max(jnp.sum(jnp.where(taken[None, :], largest_first, 0), axis=1), initial=0.0)


def support_conditions(
    dictionary: Float[Array, "n_dims n_latents"],
    codes: Float[Array, "n_samples n_latents"],
    *,
    mask: Bool[Array, " n_latents"] | None = None,
) -> SupportConditions:
    """Exact recovery coefficient [Tropp2004] and the sign condition [Fuchs2004] on each sample's support S.

    With a = unit-norm columns outside S and c = A_S^+ a: `exact_recovery` is max ||c||_1, below 1 of which orthogonal
    matching pursuit and basis pursuit recover every code on S from noiseless observations; `nonnegative` is max of
    sum c, below 1 of which non-negative basis pursuit recovers every non-negative code on S. Both are 0 for an empty S,
    inf where its columns are linearly dependent to rounding; `nonnegative` is never the larger. Invariant to order and
    scale, `exact_recovery` also to sign. `mask` sets the columns that exist (all by default); the supports lose the
    others.
    """
    counted = jnp.ones(dictionary.shape[1], bool) if mask is None else mask
    atoms = unit_columns(dictionary)
    gram = atoms.T @ atoms
    identity = jnp.eye(gram.shape[0], dtype=gram.dtype)
    rounding = 10 * gram.shape[0] * jnp.finfo(gram.dtype).eps

    def of_support(support: Bool[Array, " n_latents"]) -> tuple[Array, Array]:
        inside, outside = support & counted, ~support & counted
        size: Array
        size, direction = jnp.linalg.eigh(jnp.where(inside[:, None] & inside[None, :], gram, identity))
        independent: Array = size[0] > rounding
        # The rows outside the support are those of the identity times zero.
        inverse = (direction / jnp.where(independent, size, 1)[None, :]) @ direction.T
        coefficients = inverse @ jnp.where(inside[:, None], gram, 0)
        both = jnp.sum(jnp.abs(coefficients), axis=0), jnp.sum(coefficients, axis=0)
        largest = (jnp.max(jnp.where(outside, values, 0), initial=0.0) for values in both)
        exact, nonnegative = (jnp.where(independent, value, jnp.inf) for value in largest)
        return exact, nonnegative

    return SupportConditions(*jax.lax.map(of_support, codes != 0))
