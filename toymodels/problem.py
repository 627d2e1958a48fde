"""What a world hands to recovery: the dictionary, codes to learn from, codes to be judged on."""

from dataclasses import dataclass

import jax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Problem:
    """Ground truth behind a set of representations.

    Attributes:
        dictionary: the mixing matrix A; column i is the direction of latent i, not necessarily of unit norm.
        train_codes: latents of the samples from which an unknown dictionary may be learned.
        eval_codes: fresh latents, of the same distribution, on which recovery is judged.
        readout_bias: b of the network's own readout relu(A^T y + b), or None where there is no network.
        training_loss: the loss history of the network's training, or None.
    """

    dictionary: Float[Array, "n_dims n_latents"]
    train_codes: Float[Array, "n_train n_latents"]
    eval_codes: Float[Array, "n_eval n_latents"]
    readout_bias: Float[Array, " n_latents"] | None = None
    training_loss: Float[Array, " n_records"] | None = None


def observe(
    key: PRNGKeyArray,
    dictionary: Float[Array, "n_dims n_latents"],
    codes: Float[Array, "n_samples n_latents"],
    noise_std: Float[ArrayLike, ""],
) -> Float[Array, "n_samples n_dims"]:
    """Mix codes into observations, y = A z + noise, one sample a row.

    Args:
        key: the source of the noise.
        dictionary: A; columns are atoms.
        codes: the latents z.
        noise_std: standard deviation of the independent Gaussian noise on each observed coordinate; may be traced,
            and 0 gives A z exactly.

    Returns:
        The observations y.
    """
    clean = codes @ dictionary.T
    return clean + noise_std * jax.random.normal(key, clean.shape, clean.dtype)
