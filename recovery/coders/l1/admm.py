"""The lasso by the alternating direction method of multipliers."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from recovery.blocks import iterate_in_blocks
from recovery.coders.l1.lasso import soft_threshold
from recovery.coders.l1.lasso_coder import DATA_FIELDS, META_FIELDS, LassoCoder
from recovery.iterate import Outcome
from recovery.rows import row_norm

_CHECK_EVERY = 10
# How far primal and dual residual may part before the step parameter follows, and by how much it moves.
_IMBALANCE = 10.0
_FACTOR = 2.0
_ADAPTED = 500


class _State(NamedTuple):
    codes: Float[Array, "n_samples n_latents"]
    dual: Float[Array, "n_samples n_latents"]
    weight: Float[Array, " n_samples"]
    n_steps: Int[Array, " n_samples"]


@partial(jax.tree_util.register_dataclass, data_fields=DATA_FIELDS, meta_fields=META_FIELDS)
@dataclass(frozen=True)
class Admm(LassoCoder):
    """min_z 1/2 ||y - A x||^2 + penalty ||z||_1 subject to x = z, by ADMM; the codes are z, so exactly sparse.

    Penalty, sign, tolerance and residual: `LassoCoder`.

    x is a ridge regression, solved for every step parameter by one eigendecomposition of A A^T; the parameter follows
    the balance of primal and dual residual, per sample and for the first 500 steps.

    Boyd, Parikh, Chu, Peleato & Eckstein 2011, sections 3.4.1 and 6.4.
    """

    max_iterations: int = 3000

    name: ClassVar[str] = "admm"
    summary: ClassVar[str] = "lasso by ADMM: ridge regression and soft threshold in turn"

    def _solve(self, dictionary: Array, observations: Array, penalty: Array) -> tuple[Array, Outcome]:
        values, vectors = jnp.linalg.eigh(dictionary @ dictionary.T)
        # The eigenvectors' images: A^T Q, so that every solve is two products.
        images = dictionary.T @ vectors
        n_samples = observations.shape[0]

        def step(state: _State, observations: Array, target: Array, penalty: Array) -> _State:
            weight = state.weight[:, None]
            right = target + weight * (state.codes - state.dual)
            # (A^T A + w I)^-1 b = (b - A^T Q (w + L)^-1 Q^T A b) / w.
            ridge = (right - ((right @ images) / (weight + values[None, :])) @ images.T) / weight
            codes = soft_threshold(ridge + state.dual, penalty / state.weight, nonnegative=self.nonnegative)
            dual = state.dual + ridge - codes
            primal, moved = row_norm(ridge - codes), state.weight * row_norm(codes - state.codes)
            up, down = primal > _IMBALANCE * moved, moved > _IMBALANCE * primal
            change = jnp.where(up, _FACTOR, jnp.where(down, 1 / _FACTOR, 1.0))
            change = jnp.where((state.n_steps < _ADAPTED) & (state.n_steps % 10 == 9), change, 1.0).astype(dual.dtype)
            return _State(codes, dual / change[:, None], state.weight * change, state.n_steps + 1)

        zeros = jnp.zeros((n_samples, dictionary.shape[1]), observations.dtype)
        start = jnp.maximum(jnp.mean(values), jnp.finfo(values.dtype).tiny)
        weight = jnp.broadcast_to(jnp.where(jnp.isfinite(start) & (jnp.mean(values) > 0), start, 1), (n_samples,))
        state, outcome = iterate_in_blocks(
            step,
            lambda state, observations, _, penalty: self._judge(dictionary, observations, state.codes, penalty),
            _State(zeros, zeros, weight.astype(zeros.dtype), jnp.zeros(n_samples, jnp.int32)),
            observations,
            observations @ dictionary,
            penalty,
            n_latents=dictionary.shape[1],
            max_iterations=self.max_iterations,
            check_every=_CHECK_EVERY,
        )
        return state.codes, outcome
