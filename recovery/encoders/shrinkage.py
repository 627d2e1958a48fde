"""The nonlinearity that trained encoders share."""

import jax
from jaxtyping import Array, Float


def shrink(
    values: Float[Array, "n_samples n_latents"], thresholds: Float[Array, " n_latents"], *, nonnegative: bool
) -> Float[Array, "n_samples n_latents"]:
    """relu(v - t) if `nonnegative`, else relu(v - t) - relu(-v - t): the soft threshold, for t >= 0.

    Training may carry t below 0. The signed form then stays continuous, odd and increasing, and keeps its gradient.
    """
    positive = jax.nn.relu(values - thresholds[None, :])
    return positive if nonnegative else positive - jax.nn.relu(-values - thresholds[None, :])
