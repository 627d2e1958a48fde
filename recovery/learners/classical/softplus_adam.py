"""Dictionary learning by Adam on codes and dictionary at once."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from recovery.coders.l1.sparsa import Sparsa
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.start import fit_status, random_atoms, unit_columns, unit_scale

_FIRST_CODE = -4.0


class _Trained(NamedTuple):
    inputs: Float[Array, "n_samples n_atoms"]
    dictionary: Float[Array, "n_dims n_atoms"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["penalty", "learning_rate"],
    meta_fields=["n_steps"],
)
@dataclass(frozen=True, kw_only=True)
class SoftplusAdam:
    """min over D (unit columns) and W of mean_p 1/2 ||y_p - D z_p||^2 + penalty ||z_p||_1, z = log(1 + e^W) >= 0.

    The codes of all samples and the dictionary are trained together by `n_steps` of Adam on all data, from a random
    dictionary (or `first`, where `fit` is given it) and codes near 0, the columns scaled to unit norm after each step.
    Observations are divided by their root mean square norm, in whose units the penalty is. `history` is the objective
    of each step. Codes so made are never 0.

    The encoder is `Sparsa` at the same penalty, which is the same minimum over codes, and non-negative.

    The baseline of Barin Pacela et al. 2026 (arXiv 2603.28744); there codes of fresh samples are trained by Adam too.

    Raises:
        ValueError: if `n_steps` is not positive.
    """

    penalty: Float[Array, ""] | float = 0.05
    n_steps: int = 2000
    learning_rate: Float[Array, ""] | float = 1e-2

    name: ClassVar[str] = "softplus-adam"
    summary: ClassVar[str] = "dictionary learning: Adam on codes, kept positive by a softplus, and dictionary at once"

    def __post_init__(self) -> None:
        if self.n_steps < 1:
            raise ValueError(f"n_steps must be at least 1, got {self.n_steps}")

    @classmethod
    def suited_to(cls, knowledge: Knowledge) -> Self:
        return cls()

    def fit(
        self,
        observations: Float[Array, "n_samples n_dims"],
        *,
        n_atoms: int,
        key: PRNGKeyArray,
        first: Float[Array, "n_dims n_atoms"] | None = None,
    ) -> Fit:
        scale = unit_scale(observations)
        data = observations / scale
        adam: Any = optax.scale_by_adam()
        if first is None:
            first = random_atoms(data.shape[1], n_atoms, key=key, dtype=data.dtype)
        start = _Trained(jnp.full((data.shape[0], n_atoms), _FIRST_CODE, data.dtype), first)

        def loss(trained: _Trained) -> Float[Array, ""]:
            codes = jax.nn.softplus(trained.inputs)
            squared_error = jnp.sum((data - codes @ trained.dictionary.T) ** 2, axis=1)
            return jnp.sum(0.5 * squared_error + self.penalty * jnp.sum(codes, axis=1))

        def step(state: tuple[_Trained, Any], _: None) -> tuple[tuple[_Trained, Any], Array]:
            trained, optimiser = state
            # A sum over samples, whose gradient in each code does not shrink with their number; Adam scales it anyway.
            value, grads = jax.value_and_grad(loss)(trained)
            updates, optimiser = adam.update(grads, optimiser)
            moved = jax.tree.map(lambda w, u: w - self.learning_rate * u, trained, updates)
            unit = unit_columns(moved.dictionary, trained.dictionary)
            return (moved._replace(dictionary=unit), optimiser), value / data.shape[0]

        (trained, _), history = jax.lax.scan(step, (start, adam.init(start)), length=self.n_steps)
        encoder = Sparsa(penalty=self.penalty * scale, nonnegative=True)
        return Fit(trained.dictionary, encoder, history, fit_status(trained.dictionary, history))
