"""Independent component analysis."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.spectrum import principal_axes, read_linearly
from recovery.learners.start import Run, best_of, fit_status, unit_scale

_GAUSSIAN_CONTRAST = 0.37456720
"""E log cosh of a standard normal variable."""


@partial(jax.tree_util.register_dataclass, data_fields=[], meta_fields=["nonnegative", "n_rounds", "n_restarts"])
@dataclass(frozen=True, kw_only=True)
class FastIca:
    """Directions w, orthogonal in whitened data x, at which E log cosh(w.x) differs most from that of a Gaussian.

    Data are centred and whitened along their first min(n_atoms, n_dims) principal axes. Each of `n_rounds` rounds is
    one fixed-point step of all directions, w <- E x tanh(w.x) - w E (1 - tanh(w.x)^2), made orthonormal again by
    W <- (W W^T)^(-1/2) W. Atoms are the columns of the mixing matrix. `history` holds, before each step, minus the sum
    over directions of (E log cosh(w.x) - E log cosh(g))^2, g standard normal; of `n_restarts` runs from random
    orthonormal directions that with the lowest last value is kept. There are no atoms to start from or to replace.

    It can find at most n_dims atoms, as it unmixes linearly: of n_atoms > n_dims, the rest are random atoms whose codes
    are 0. The encoder is `LinearReadout`, the unmixing matrix; it is not centred, as y = D z has no offset, and its
    signs are those for which codes have a mean >= 0. Codes below 0 are set to 0 if `nonnegative`.

    Hyvarinen 1999, symmetric form; a fixed number of rounds, and no test of convergence.
    """

    nonnegative: bool = True
    n_rounds: int = 100
    n_restarts: int = 1

    name: ClassVar[str] = "fast-ica"
    summary: ClassVar[str] = "independent components by FastICA: at most as many atoms as dimensions"

    def __post_init__(self) -> None:
        if self.n_rounds < 1 or self.n_restarts < 1:
            raise ValueError(f"n_rounds and n_restarts must be at least 1, got {self.n_rounds} and {self.n_restarts}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def fit(self, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray) -> Fit:
        key_rounds, key_rest = jax.random.split(key)
        data = observations / unit_scale(observations)
        axes, variances, mean = principal_axes(data, n_axes=min(n_atoms, data.shape[1]))
        deviations = jnp.sqrt(variances)
        # Axes without variance are left out: their coordinates are 0 and not rounding noise blown up.
        varies = variances > 10 * jnp.finfo(data.dtype).eps * variances[0]
        whitening = axes * jnp.where(varies, 1 / jnp.where(varies, deviations, 1), 0)[None, :]
        white = (data - mean[None, :]) @ whitening
        directions, history = best_of(lambda key: self._run(white, key), key_rounds, n_runs=self.n_restarts)
        atoms = (axes * jnp.where(varies, deviations, 0)[None, :]) @ directions
        dictionary, encoder = read_linearly(
            data, atoms, whitening @ directions, n_atoms=n_atoms, nonnegative=self.nonnegative, key=key_rest
        )
        return Fit(dictionary, encoder, history, fit_status(dictionary, history))

    def _run(self, white: Float[Array, "n_samples n_axes"], key: PRNGKeyArray) -> Run:
        n_axes = white.shape[1]
        start = _orthonormal(jax.random.normal(key, (n_axes, n_axes), white.dtype))
        return Run(*jax.lax.scan(lambda directions, _: _step(white, directions), start, length=self.n_rounds))


def _step(
    white: Float[Array, "n_samples n_axes"], directions: Float[Array, "n_axes n_axes"]
) -> tuple[Float[Array, "n_axes n_axes"], Float[Array, ""]]:
    """The next directions, one a column, and the objective of the last ones."""
    sources = white @ directions
    squashed = jnp.tanh(sources)
    # log cosh s, written so that it does not overflow.
    contrast = jnp.mean(jnp.logaddexp(sources, -sources) - jnp.log(2.0).astype(white.dtype), axis=0)
    moved = white.T @ squashed / white.shape[0] - directions * jnp.mean(1 - squashed**2, axis=0)[None, :]
    return _orthonormal(moved), -jnp.sum((contrast - _GAUSSIAN_CONTRAST) ** 2)


def _orthonormal(directions: Float[Array, "n_axes n_axes"]) -> Float[Array, "n_axes n_axes"]:
    """The nearest orthonormal columns, W (W^T W)^(-1/2)."""
    values, vectors = jnp.linalg.eigh(directions.T @ directions)
    floor = jnp.finfo(values.dtype).eps * values[-1] + jnp.finfo(values.dtype).tiny
    return directions @ (vectors / jnp.sqrt(jnp.maximum(values, floor))[None, :]) @ vectors.T
