"""Whether learning again gives the same dictionary."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.metrics.dictionary_similarity import absolute_cosine, dictionary_similarity


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Stability:
    """Over pairs of runs; `pairwise` is symmetric with 1 on its diagonal.

    `per_atom` is, for each atom of each run, the mean |cosine| of its match in the other runs: which atoms come back.
    """

    mean: Float[Array, ""]
    pairwise: Float[Array, "n_runs n_runs"]
    per_atom: Float[Array, "n_runs n_atoms"]


def dictionary_stability(dictionaries: Float[Array, "n_runs n_dims n_atoms"]) -> Stability:
    """Mean |cosine| of atoms matched one to one, over all pairs of at least two runs; needs no truth.

    Runs may differ in their seed or in the half of the data they saw; [Wu2016] choose a factorisation's size by it,
    with another distance of matched atoms. In [0, 1]; invariant to order, sign and scale of every run's atoms. Chance
    is `analysis.theory.matched_cosine_chance`, well above 0 in few dimensions. Stable is not right: a learner with a
    strong bias returns the same wrong dictionary every time. Raises ValueError for one run.
    """
    n_runs, _, n_atoms = dictionaries.shape
    if n_runs < 2:
        raise ValueError(f"stability needs at least 2 runs, not {n_runs}")
    first, second = jnp.triu_indices(n_runs, k=1)

    def compare(pair: tuple[Array, Array]) -> tuple[Array, Array, Array]:
        a, b = dictionaries[pair[0]], dictionaries[pair[1]]
        found = dictionary_similarity(a, b)
        cosine = absolute_cosine(a, b)[jnp.arange(n_atoms), found.assignment]
        return found.matched_cosine, cosine, jnp.zeros_like(cosine).at[found.assignment].set(cosine)

    matched, of_first, of_second = jax.lax.map(compare, (first, second))
    pairwise = jnp.eye(n_runs, dtype=dictionaries.dtype).at[first, second].set(matched).at[second, first].set(matched)
    per_atom = jnp.zeros((n_runs, n_atoms), dictionaries.dtype).at[first].add(of_first).at[second].add(of_second)
    return Stability(jnp.mean(matched), pairwise, per_atom / (n_runs - 1))
