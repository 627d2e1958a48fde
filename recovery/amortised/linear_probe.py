"""Ridge regression from observations to known codes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.amortised.training import code_error, finished, lesson
from recovery.encoders.linear_readout import LinearReadout
from recovery.knowledge import Knowledge
from recovery.learner import Fit


@partial(jax.tree_util.register_dataclass, data_fields=["ridge"], meta_fields=["nonnegative"])
@dataclass(frozen=True)
class LinearProbe:
    """min over W, b of sum over samples of ||z - y W - b||^2 + alpha ||W||^2, solved by Cholesky.

    alpha = `ridge` * ||Y - mean Y||^2 / n_dims, a fraction of the mean eigenvalue of the observations' scatter matrix;
    b is not penalised. The fit is linear for either sign. If `nonnegative`, negative readings are then set to 0, which
    brings each of them closer to a truth that is >= 0, and is not fitted for. The dictionary and the key are not used.
    `history` is one number, the mean of ||z - z^||^2 over the training samples in units of the mean of ||z||^2.

    The reference for what of the codes can be read linearly. Alain & Bengio 2016 for probes, Hoerl & Kennard 1970 for
    the ridge.
    """

    ridge: Float[Array, ""] | float = 1e-3
    nonnegative: bool = False

    name: ClassVar[str] = "linear-probe"
    summary: ClassVar[str] = "ridge regression from observations to known codes: what can be read linearly"

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls(nonnegative=knowledge.nonnegative)

    def train(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        codes: Float[Array, "n_samples n_latents"],
        *,
        key: PRNGKeyArray,
    ) -> Fit:
        samples = lesson(dictionary, observations, codes)
        readout = self._fitted(samples.observations, samples.codes)
        history = code_error(readout, samples.observations, samples.codes)[None]
        return finished(dictionary, readout, samples, history)

    def _fitted(
        self, observations: Float[Array, "n_samples n_dims"], codes: Float[Array, "n_samples n_latents"]
    ) -> LinearReadout:
        n_dims, dtype = observations.shape[1], observations.dtype
        mean, mean_codes = jnp.mean(observations, axis=0), jnp.mean(codes, axis=0)
        centred = observations - mean[None, :]
        scatter = centred.T @ centred
        alpha = jnp.asarray(self.ridge, dtype) * jnp.trace(scatter) / n_dims
        # Constant observations determine nothing: W = 0, whatever is added here.
        alpha = jnp.where(jnp.trace(scatter) == 0, 1, alpha)
        factor = cho_factor(scatter + alpha * jnp.eye(n_dims, dtype=dtype))
        weights = cho_solve(factor, centred.T @ (codes - mean_codes[None, :]))
        return LinearReadout(weights, mean_codes - mean @ weights, self.nonnegative)
