"""z -> x = g(z) -> y = f(x): the truth, what is drawn of it, and the network that is trained on it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bench.studies.identifiability.parameters import PRIORS, Fixed
from toymodels.generators import FoldedGenerator, InvertibleMlp
from toymodels.latents import bernoulli
from toymodels.latents.clustered import CLUSTER_SHAPES, classes_of, clustered, sphere
from toymodels.networks import encoder
from toymodels.objectives import (
    LinearHead,
    autoencoder,
    cross_entropy,
    info_nce,
    instance_discrimination,
    regression,
    unit_features,
)
from toymodels.objectives.instance_discrimination import InstanceHead
from toymodels.training import TrainingConfig, train

WHITENING_SAMPLES = 4096
"""Mean and covariance of so many are as good as of all."""

UNIT_FEATURES = ("instance-discrimination", "info-nce")
"""Objectives whose representations have unit norm."""


class Truth(NamedTuple):
    """The generator, and the centres of all classes (or instances)."""

    generator: FoldedGenerator
    centres: Float[Array, "n_centres n_latents"]


class Draws(NamedTuple):
    """Latents, what is observed of them, their classes, and observations of their positive partners."""

    latents: Float[Array, "n_samples n_latents"]
    observations: Float[Array, "n_samples n_observed"]
    labels: Int[Array, " n_samples"]
    partners: Float[Array, "n_samples n_observed"]


class World(NamedTuple):
    """The truth, the trained network, and its last training loss."""

    truth: Truth
    encoder: encoder.EncoderParams
    loss: Float[Array, ""]


def draw_truth(key: PRNGKeyArray, fixed: Fixed, objective: str, n_latents: int, values: dict) -> Truth:
    """Draw a generator, and centres in the first `centre_dims` dimensions."""
    generator_key, centre_key = jax.random.split(key)
    generator = InvertibleMlp.draw(
        generator_key,
        n_latents=n_latents,
        n_layers=fixed.most_layers,
        depth=values["depth"],
        condition_number=values["condition_number"],
        slope=fixed.generator_slope,
    )
    n_centres = fixed.n_instances if objective == "instance-discrimination" else fixed.most_classes
    centres = sphere(centre_key, n_samples=n_centres, n_latents=n_latents)
    centres = unit_features(jnp.where(jnp.arange(n_latents)[None, :] < values["centre_dims"], centres, 0))
    return Truth(FoldedGenerator(generator, values["n_folded"]), centres)


def draw(key: PRNGKeyArray, fixed: Fixed, objective: str, truth: Truth, values: dict, n_samples: int) -> Draws:
    """Draw latents with what the objective sees of them."""
    latent_key, partner_key, label_key = jax.random.split(key, 3)
    n_centres, n_latents = truth.centres.shape
    labels = jnp.zeros(n_samples, jnp.int32)
    if objective == "info-nce":
        latents = sphere(latent_key, n_samples=n_samples, n_latents=n_latents)
    elif objective == "instance-discrimination":
        labels = jax.random.randint(label_key, (n_samples,), 0, n_centres)
        latents = clustered(latent_key, truth.centres[labels], concentration=fixed.concentration)
    else:
        latents, labels = _classified(latent_key, fixed, truth, values, n_samples)
    observations = truth.generator(latents)
    partners = observations
    if objective == "info-nce":
        partners = truth.generator(clustered(partner_key, latents, concentration=fixed.concentration))
    return Draws(latents, observations, labels, partners)


def _classified(
    key: PRNGKeyArray, fixed: Fixed, truth: Truth, values: dict, n_samples: int
) -> tuple[Float[Array, "n_samples n_latents"], Int[Array, " n_samples"]]:
    """Latents of the point's prior, and their classes."""
    class_key, latent_key, softmax_key, flip_key, random_key = jax.random.split(key, 5)
    n_centres, n_latents = truth.centres.shape
    rank = jnp.arange(n_centres)
    falling: Array = (1.0 + rank) ** -values["class_exponent"]
    share = jnp.where(rank < values["n_classes"], falling, 0)
    below = jnp.cumsum(share) / jnp.sum(share)
    labels = jnp.searchsorted(below, jax.random.uniform(class_key, (n_samples,), below.dtype), side="right")
    labels = jnp.minimum(labels, values["n_classes"] - 1)
    about = truth.centres[labels]

    def in_clusters(shape: str) -> Any:
        return lambda: clustered(latent_key, about, concentration=fixed.concentration, shape=shape)

    def sparse() -> Array:
        active = bernoulli(
            latent_key, n_samples=n_samples, n_latents=n_latents, density=values["density"], magnitude="gaussian"
        )
        return (active / jnp.sqrt(values["density"] * n_latents)).astype(about.dtype)

    latents = jax.lax.switch(values["prior"], [*map(in_clusters, CLUSTER_SHAPES), sparse])
    # Sparse latents are in no clusters: their classes follow from them.
    of_latents = classes_of(
        softmax_key, latents, truth.centres, concentration=fixed.concentration, n_classes=values["n_classes"]
    )
    labels = jnp.where(values["prior"] == PRIORS.index("sparse"), of_latents, labels)
    flipped = jax.random.bernoulli(flip_key, values["label_noise"], (n_samples,))
    return latents, jnp.where(flipped, jax.random.randint(random_key, (n_samples,), 0, values["n_classes"]), labels)


def train_world(key: PRNGKeyArray, fixed: Fixed, objective: str, n_latents: int, values: dict) -> World:
    """Draw a truth and a training set, and train an encoder for the objective on it."""
    truth_key, data_key, init_key, head_key, noise_key, training_key = jax.random.split(key, 6)
    truth = draw_truth(truth_key, fixed, objective, n_latents, values)
    data = draw(data_key, fixed, objective, truth, values, fixed.most_samples)
    first = data.observations[:WHITENING_SAMPLES]
    start = encoder.init(
        init_key,
        first,
        n_dims=n_latents,
        n_hidden=fixed.n_hidden,
        n_layers=fixed.n_hidden_layers,
        slope=values["encoder_slope"],
        n_used=values["n_dims"],
    )
    if objective == "untrained":
        return World(truth, start, jnp.zeros((), data.latents.dtype))
    head = _head(head_key, fixed, objective, start, first, n_latents)
    readouts = truth.centres[: 2 * n_latents].T
    noise_shape = (fixed.most_samples, readouts.shape[1])
    target_noise = fixed.target_noise * jax.random.normal(noise_key, noise_shape, readouts.dtype)

    def loss(params: dict, key: PRNGKeyArray) -> Float[Array, ""]:
        share = jax.random.uniform(key, (fixed.batch_size,))
        chosen = jnp.minimum(share * values["n_samples"], values["n_samples"] - 1).astype(jnp.int32)
        batch: Draws = jax.tree.map(lambda array: array[chosen], data)
        features = encoder.encode(params["encoder"], batch.observations)
        if objective == "classification":
            return cross_entropy.loss(params["head"], features, batch.labels, n_classes=values["n_classes"])
        if objective == "instance-discrimination":
            return instance_discrimination.loss(params["head"], features, batch.labels)
        if objective == "info-nce":
            partners = encoder.encode(params["encoder"], batch.partners)
            return info_nce.loss(features, partners, scale=fixed.concentration)
        if objective == "regression":
            return regression.loss(params["head"], features, batch.latents @ readouts + target_noise[chosen])
        return autoencoder.loss(params["head"], features, batch.observations)

    free = {"encoder": encoder.trainable(start), "head": jax.tree.map(lambda _: True, head)}
    if objective == "autoencoder":
        free["head"] = encoder.trainable(head)
    config = TrainingConfig(n_steps=fixed.n_steps, batch_size=fixed.batch_size, learning_rate=fixed.learning_rate)
    params, history = train(training_key, {"encoder": start, "head": head}, loss, config, trainable=free)
    return World(truth, params["encoder"], history[-1])


def _head(
    key: PRNGKeyArray, fixed: Fixed, objective: str, start: encoder.EncoderParams, first: Array, n_latents: int
) -> Any:
    """What stands on the representation in training."""
    if objective == "classification":
        return LinearHead.draw(key, n_outputs=fixed.most_classes, n_dims=n_latents)
    if objective == "instance-discrimination":
        return InstanceHead.draw(key, n_instances=fixed.n_instances, n_dims=n_latents)
    if objective == "regression":
        return LinearHead.draw(key, n_outputs=min(2 * n_latents, fixed.most_classes), n_dims=n_latents)
    if objective == "autoencoder":
        return encoder.init(
            key,
            encoder.encode(start, first),
            n_dims=n_latents,
            n_hidden=fixed.n_hidden,
            n_layers=fixed.n_hidden_layers,
        )
    return ()


def represent(
    objective: str, params: encoder.EncoderParams, observations: Float[Array, "n_samples n_observed"]
) -> Float[Array, "n_samples n_dims"]:
    """The representation that the objective shapes."""
    features = encoder.encode(params, observations)
    return unit_features(features) if objective in UNIT_FEATURES else features
