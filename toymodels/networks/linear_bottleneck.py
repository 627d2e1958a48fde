"""The bottleneck without its ReLU: what principal components do, and the model that shows no superposition."""

from jaxtyping import Array, Float

from toymodels.networks.relu_bottleneck import BottleneckParams, hidden, init, reconstruction_loss

__all__ = ["BottleneckParams", "hidden", "init", "loss", "readout"]


def readout(
    params: BottleneckParams, representation: Float[Array, "n_samples n_dims"]
) -> Float[Array, "n_samples n_latents"]:
    """The network's estimate of the latents, W^T h + b."""
    return representation @ params.weights + params.bias[None, :]


def loss(
    params: BottleneckParams,
    latents: Float[Array, "n_samples n_latents"],
    noise: Float[Array, "n_samples n_dims"] | None = None,
    importance: Float[Array, " n_latents"] | None = None,
) -> Float[Array, ""]:
    """Importance-weighted mean squared error of the reconstruction (the linear model of Elhage et al. 2022).

        loss = 1 / (P N) sum_p sum_i importance_i (z_pi - (W^T (W z_p + noise_p) + b)_i)^2

    Where latents are independent and of equal variance v, it is least when W spans the M most important latents: the
    rest stay at their mean, and the loss is v / N times the sum of their importances.

    Args:
        params: W and b.
        latents: the samples z, one a row.
        noise: what is added to the representation; None adds nothing.
        importance: weight of each latent's error; None weighs all by 1.

    Returns:
        The loss, a scalar.
    """
    return reconstruction_loss(params, latents, noise, importance, output=lambda values: values)
