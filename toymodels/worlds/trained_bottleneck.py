"""A trained network's hidden layer: superposition as learning makes it."""

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import jax
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray

from toymodels.networks import relu_bottleneck
from toymodels.problem import Problem
from toymodels.training import TrainingConfig
from toymodels.worlds.bottleneck_readout import check_sizes, draw_problem, importance_weights, train_bottleneck


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["importance_decay", "training"],
    meta_fields=["n_latents", "n_dims", "n_train", "n_eval"],
)
@dataclass(frozen=True)
class TrainedBottleneck:
    """The toy model of Elhage et al. (2022), trained on the latents whose recovery is then asked for.

    Latents are Bernoulli-uniform. The dictionary is the trained W as it is: columns of latents that the network
    does not represent are near 0.

    Attributes:
        n_latents: number of latents N.
        n_dims: width of the representation M.
        importance_decay: latent i weighs importance_decay**i in the training loss; 1.0 weighs all the same.
        n_train: samples from which a dictionary may be learned.
        n_eval: fresh samples on which recovery is judged.
        training: steps, batch and step size.

    Raises:
        ValueError: if a size is not positive.
    """

    name: ClassVar[str] = "trained-bottleneck"
    summary: ClassVar[str] = "hidden layer of a trained ReLU bottleneck (toy model of superposition)"

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
        """Train one network and draw its problem.

        Args:
            key: the only source of randomness; vmap over it for independent networks.
            density: probability that a latent is active, in training and in the drawn codes; may be traced.
            training_noise_std: standard deviation of the noise on each hidden coordinate during training; may be
                traced; None trains without noise.

        Returns:
            The problem: dictionary W, readout bias b, codes and the training loss.
        """
        init_key, training_key, codes_key = jax.random.split(key, 3)
        params, training_loss = train_bottleneck(
            training_key,
            relu_bottleneck.init(init_key, n_dims=self.n_dims, n_latents=self.n_latents),
            self.training,
            density=density,
            training_noise_std=training_noise_std,
            importance=importance_weights(self.n_latents, self.importance_decay),
        )
        return draw_problem(codes_key, params, training_loss, n_train=self.n_train, n_eval=self.n_eval, density=density)
