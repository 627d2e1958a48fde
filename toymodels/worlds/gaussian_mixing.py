"""The random control of a trained bottleneck: a Gaussian dictionary of the same shape, with a trained readout."""

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray

from toymodels.mixing import gaussian_dictionary
from toymodels.networks.relu_bottleneck import BottleneckParams
from toymodels.problem import Problem
from toymodels.training import TrainingConfig
from toymodels.worlds.bottleneck_readout import check_sizes, draw_problem, importance_weights, train_bottleneck


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["importance_decay", "training"],
    meta_fields=["n_latents", "n_dims", "n_train", "n_eval"],
)
@dataclass(frozen=True)
class GaussianMixing:
    """Bernoulli-uniform latents through a random dictionary, read out by relu(A^T y + b) with only b trained.

    The dictionary has unit-norm Gaussian columns and stays as drawn. Training the bias by the loop, the latents and
    the loss that the trained network has makes the readout a fair baseline.

    Attributes:
        n_latents: number of latents N.
        n_dims: width of the representation M.
        importance_decay: latent i weighs importance_decay**i in the training loss. Each latent having its own bias,
            this does not move the best readout.
        n_train: samples from which a dictionary may be learned.
        n_eval: fresh samples on which recovery is judged.
        training: steps, batch and step size of the bias.

    Raises:
        ValueError: if a size is not positive.
    """

    name: ClassVar[str] = "gaussian-mixing"
    summary: ClassVar[str] = "random Gaussian dictionary whose ReLU readout has a trained bias (control)"

    n_latents: int = 64
    n_dims: int = 16
    importance_decay: Float[ArrayLike, ""] = 1.0
    n_train: int = 2000
    n_eval: int = 500
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        check_sizes(n_latents=self.n_latents, n_dims=self.n_dims, n_train=self.n_train, n_eval=self.n_eval)

    def __call__(
        self,
        key: PRNGKeyArray,
        *,
        density: Float[ArrayLike, ""],
        training_noise_std: Float[ArrayLike, ""] | None = None,
    ) -> Problem:
        """Draw one dictionary, train its readout bias and draw the problem.

        Args:
            key: the only source of randomness; vmap over it for independent dictionaries.
            density: probability that a latent is active, in training and in the drawn codes; may be traced.
            training_noise_std: standard deviation of the noise on each observed coordinate during training; may be
                traced; None trains without noise.

        Returns:
            The problem: the drawn dictionary, readout bias b, codes and the training loss.
        """
        dictionary_key, training_key, codes_key = jax.random.split(key, 3)
        dictionary = gaussian_dictionary(dictionary_key, n_dims=self.n_dims, n_latents=self.n_latents)
        params, training_loss = train_bottleneck(
            training_key,
            BottleneckParams(weights=dictionary, bias=jnp.zeros(self.n_latents, dictionary.dtype)),
            self.training,
            density=density,
            training_noise_std=training_noise_std,
            importance=importance_weights(self.n_latents, self.importance_decay),
            trainable=BottleneckParams(weights=False, bias=True),  # pyright: ignore[reportArgumentType]
        )
        return draw_problem(codes_key, params, training_loss, n_train=self.n_train, n_eval=self.n_eval, density=density)
