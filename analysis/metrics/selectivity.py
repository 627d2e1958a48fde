"""Class selectivity of atoms."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def class_selectivity(
    codes: Float[Array, "n_items n_atoms"], labels: Int[Array, " n_items"], *, n_classes: int
) -> Float[Array, " n_atoms"]:
    """(mu_max - mu_rest) / (mu_max + mu_rest) of each atom [Morcos2018].

    mu_max is the atom's largest mean over a class, mu_rest the mean of its means over the other classes (those that
    occur). Codes enter by magnitude. In [0, 1]: 1 for an atom active on one class only, 0 for the same mean on all or
    a dead atom. Invariant to order, sign and scale. Chance is above 0, as the maximum of noisy means: high for sparse
    atoms and few items a class; compare with shuffled labels. nan where fewer than two classes occur.
    """
    member = jax.nn.one_hot(labels, n_classes, dtype=codes.dtype)
    size = jnp.sum(member, axis=0)
    occurs = (size > 0)[:, None]
    means = (member.T @ jnp.abs(codes)) / jnp.where(size > 0, size, 1)[:, None]
    n_occurring = jnp.sum(size > 0)
    largest = jnp.max(jnp.where(occurs, means, -jnp.inf), axis=0)
    rest = (jnp.sum(means, axis=0) - largest) / jnp.where(n_occurring > 1, n_occurring - 1, jnp.nan)
    total = largest + rest
    return jnp.where(total == 0, 0, (largest - rest) / jnp.where(total == 0, 1, total))
