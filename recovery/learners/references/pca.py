"""Principal components: what second moments alone say."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.spectrum import principal_axes, read_linearly
from recovery.learners.start import fit_status, unit_scale


@partial(jax.tree_util.register_dataclass, data_fields=[], meta_fields=["nonnegative"])
@dataclass(frozen=True, kw_only=True)
class Pca:
    """Orthonormal D that minimises E ||y - mean - D D^T (y - mean)||^2: a floor for learners that use sparsity.

    It can find at most n_dims atoms: of n_atoms > n_dims, the rest are random atoms whose codes are 0. The encoder is
    `LinearReadout`, z = D^T y; it is not centred, as y = D z has no offset, and its signs are those for which codes
    have a mean >= 0. Codes below 0 are set to 0 if `nonnegative`. `history` holds the objective, one number, in units
    of the mean squared norm.
    """

    nonnegative: bool = True

    name: ClassVar[str] = "pca"
    summary: ClassVar[str] = "principal components: at most as many atoms as dimensions, no use of sparsity"

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def fit(self, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray) -> Fit:
        data = observations / unit_scale(observations)
        axes, _, mean = principal_axes(data, n_axes=min(n_atoms, data.shape[1]))
        dictionary, encoder = read_linearly(data, axes, axes, n_atoms=n_atoms, nonnegative=self.nonnegative, key=key)
        centred = data - mean[None, :]
        history = jnp.mean(jnp.sum((centred - centred @ axes @ axes.T) ** 2, axis=1))[None]
        return Fit(dictionary, encoder, history, fit_status(dictionary, history))
