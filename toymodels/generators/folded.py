"""The negative control: a generator that maps several latents to the same observation."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class FoldedGenerator:
    """x = g(|z_1|, ..., |z_F|, z_(F+1), ..., z_N): the signs of the first F latents are gone.

    No method can tell z from its reflections: where a latent is symmetric about 0, nothing at all predicts its sign,
    and linear R^2 of it is at most 0 whatever the representation.

    Attributes:
        generator: g, an injective generator.
        n_folded: F; 0 gives g itself; may be traced.
    """

    generator: Callable[[Array], Array]
    n_folded: Int[Array, ""] | int

    def fold(self, latents: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_latents"]:
        """What is left of the latents."""
        folded = jnp.arange(latents.shape[1]) < self.n_folded
        return jnp.where(folded[None, :], jnp.abs(latents), latents)

    def __call__(self, latents: Float[Array, "n_samples n_latents"]) -> Float[Array, "n_samples n_observed"]:
        return self.generator(self.fold(latents))
