"""Representational similarity analysis."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.metrics.correlation import ranks, standardise


def representational_similarity(
    first: Float[Array, "n_samples n_a"], second: Float[Array, "n_samples n_b"], *, rank: bool = True
) -> Float[Array, ""]:
    """Correlation of the two representations' dissimilarities between samples [Kriegeskorte2008].

    The dissimilarity of two samples is 1 - the Pearson correlation of their patterns (each centred over its own
    dimensions; 1 for a constant pattern, such as an empty code). All pairs are correlated by rank (Spearman) or value
    (Pearson). In [-1, 1], at chance 0 on average. Invariant to permutations of a side's dimensions, to one common scale
    and shift, and to scales of single samples; not to rotations or scales of single dimensions. Memory is of the
    order of n_samples^2. Needs three samples and two dimensions a side.
    """
    upper = jnp.triu_indices(first.shape[0], k=1)
    a, b = (1 - standardise(side.T).T @ standardise(side.T) for side in (first, second))
    pairs = a[upper][:, None], b[upper][:, None]
    if rank:
        pairs = ranks(pairs[0]), ranks(pairs[1])
    return jnp.sum(standardise(pairs[0]) * standardise(pairs[1]))
