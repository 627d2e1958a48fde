"""Square layers with leaky ReLUs: the nonlinear generator of the literature on identifiability."""

from dataclasses import dataclass
from typing import Self

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PRNGKeyArray

from toymodels.generators.conditioned import conditioned_matrix
from toymodels.generators.leaky import check_slope, inverse_leaky_relu, leaky_relu


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class InvertibleMlp:
    """h_0 = z, h_l = leaky(W_l h_(l-1) + b_l), and x = h_L, or leaky(Q h_L) in more dimensions.

    Every W_l is square with a chosen condition number c, Q has orthonormal columns, and the leaky ReLU's derivative is
    its slope s or 1. So g is injective, and its Jacobian's condition number at most (c / s)^L, once more 1 / s with Q.
    Such generators are drawn, with conditions rejected rather than set, by Hyvarinen & Morioka (2016) and Zimmermann et
    al. (2021).

    Attributes:
        weights, biases: W_l and b_l.
        slopes: each layer's; a layer beyond the depth has slope 1, W = I and b = 0, and changes nothing.
        lift: Q; None keeps the dimension.
        lift_slope: the slope above Q.
        condition_bound: the bound above.
    """

    weights: Float[Array, "n_layers n_latents n_latents"]
    biases: Float[Array, "n_layers n_latents"]
    slopes: Float[Array, " n_layers"]
    lift: Float[Array, "n_observed n_latents"] | None
    lift_slope: Float[Array, ""]
    condition_bound: Float[Array, ""]

    @classmethod
    def draw(
        cls,
        key: PRNGKeyArray,
        *,
        n_latents: int,
        n_observed: int | None = None,
        n_layers: int = 3,
        depth: Int[ArrayLike, ""] | None = None,
        condition_number: Float[ArrayLike, ""] = 2.0,
        slope: Float[ArrayLike, ""] = 0.2,
        bias_std: Float[ArrayLike, ""] = 0.1,
    ) -> Self:
        """Draw weights by `conditioned_matrix` and biases from N(0, bias_std^2).

        Args:
            key: the only source of randomness.
            n_latents: width of every layer N.
            n_observed: dimension of x, N where None.
            n_layers: layers that there are.
            depth: layers L that do something, the first ones; may be traced, so that depths share a program.
            condition_number: c >= 1 of every W_l; may be traced.
            slope: s in (0, 1]; may be traced.
            bias_std: spread of the biases, for latents of what scale they are; may be traced.

        Raises:
            ValueError: if a count is too small, or a concrete number outside its range.
        """
        check_slope(slope)
        n_observed = n_latents if n_observed is None else n_observed
        if n_layers < 1 or n_observed < n_latents:
            raise ValueError(
                f"n_layers must be at least 1 and n_observed at least n_latents, got {n_layers}, {n_observed} and "
                f"{n_latents}"
            )
        if isinstance(depth, int) and not 0 <= depth <= n_layers:
            raise ValueError(f"depth must be from 0 to the {n_layers} layers, got {depth}")
        weight_key, bias_key, lift_key = jax.random.split(key, 3)

        def square(key: PRNGKeyArray) -> Array:
            return conditioned_matrix(key, n_rows=n_latents, n_columns=n_latents, condition_number=condition_number)

        weights = jax.vmap(square)(jax.random.split(weight_key, n_layers))
        biases = bias_std * jax.random.normal(bias_key, (n_layers, n_latents), weights.dtype)
        used = jnp.arange(n_layers) < (n_layers if depth is None else depth)
        slope = jnp.asarray(slope, weights.dtype)
        lift = None
        if n_observed > n_latents:
            lift = conditioned_matrix(lift_key, n_rows=n_observed, n_columns=n_latents, condition_number=1.0)
        per_layer = jnp.asarray(condition_number, weights.dtype) / slope
        bound = per_layer ** jnp.sum(used) / (slope if lift is not None else 1)
        return cls(
            weights=jnp.where(used[:, None, None], weights, jnp.eye(n_latents, dtype=weights.dtype)),
            biases=jnp.where(used[:, None], biases, 0),
            slopes=jnp.where(used, slope, 1),
            lift=lift,
            lift_slope=slope,
            condition_bound=bound,
        )

    def __call__(self, latents: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_observed"]:
        def layer(hidden, parameters):
            weights, bias, slope = parameters
            return leaky_relu(hidden @ weights.T + bias[None, :], slope), None

        hidden, _ = jax.lax.scan(layer, latents, (self.weights, self.biases, self.slopes))
        return hidden if self.lift is None else leaky_relu(hidden @ self.lift.T, self.lift_slope)

    def inverse(self, observations: Float[Array, "n_samples n_observed"]) -> Float[Array, "n_samples n_latents"]:
        """The latents of observations in the range of g."""

        def layer(hidden, parameters):
            weights, bias, slope = parameters
            before = inverse_leaky_relu(hidden, slope) - bias[None, :]
            return jnp.linalg.solve(weights, before.T).T, None

        hidden = observations
        if self.lift is not None:
            hidden = inverse_leaky_relu(observations, self.lift_slope) @ self.lift
        return jax.lax.scan(layer, hidden, (self.weights, self.biases, self.slopes), reverse=True)[0]
