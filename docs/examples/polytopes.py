"""Superposition that training finds: five latents in two dimensions."""

import jax

from analysis.figures import polytope_plot
from toymodels import TrainingConfig, bernoulli_uniform, relu_bottleneck, train

DENSITIES = (1.0, 0.3, 0.05)
config = TrainingConfig(n_steps=6000, batch_size=512, learning_rate=3e-3)


def trained(key, density):
    key_start, key_train = jax.random.split(key)
    start = relu_bottleneck.init(key_start, n_dims=2, n_latents=5)

    def loss(params, key):
        latents = bernoulli_uniform(key, n_samples=512, n_latents=5, density=density)
        return relu_bottleneck.loss(params, latents, importance=0.8 ** jax.numpy.arange(5))

    return train(key_train, start, loss, config)[0].weights


weights = jax.jit(jax.vmap(trained))(jax.random.split(jax.random.key(1), 3), jax.numpy.array(DENSITIES))

panel = polytope_plot(
    {f"density {density:g}": one for density, one in zip(DENSITIES, weights, strict=True)},
    name="polytopes",
    title="How do five latents share two dimensions?",
    caption="Columns of the weights of three networks (Elhage et al. 2022), trained as this page was built: dense "
    "latents leave the less important ones out, sparse ones share the plane.",
    alt="Two arrows at right angles for dense latents, more and more arrows as latents get sparser, five at the end.",
)
