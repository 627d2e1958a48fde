"""Networks trained on digits or patches of photographs: what their representation, or codes of it, are good for."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from analysis import metrics
from bench.studies.real_data.conditions import CONDITIONS, amounts_of, disturbed
from bench.studies.real_data.decompose import Decomposition, decompose, density, explained
from bench.studies.real_data.images import SIDE, Collection, collection
from bench.studies.real_data.parameters import NETWORKS, Fixed
from bench.study import Context
from toymodels.networks import perceptron
from toymodels.networks.perceptron import PerceptronParams
from toymodels.training import TrainingConfig, train

N_CLASSES = 9
"""Classes that the network knows; the tenth is the anomaly."""
LABELS_PER_CLASS = (1, 2, 5, 10)
N_DRAWS = 4
"""Random choices of the few labelled images, over which accuracies are averaged."""
N_TOP = 8
"""Images that are shown of a feature, those on which it is largest."""
N_INTRUSION = 5
"""Those among them that an intruder is hidden with."""

_BATCH, _RATE = 128, 3e-3


class World(NamedTuple):
    """A trained network and the places of images: class by class what it was trained on and what is judged."""

    params: PerceptronParams
    train: Int[Array, " n_train"]
    test: Int[Array, " n_test"]
    outliers: Int[Array, " n_outliers"]
    loss: Float[Array, ""]


class Sample(NamedTuple):
    """Representations, centred and scaled by those of the training images."""

    train: Float[Array, "n_train n_dims"]
    test: Float[Array, "n_conditions n_test n_dims"]
    outliers: Float[Array, "n_conditions n_outliers n_dims"]


def images_of(source: Any) -> Collection:
    """What a network was trained on."""
    return collection(NETWORKS[source].images)


def classes(held_out: Any) -> Any:
    """The ten classes in the order of their class numbers; the last is held out."""
    return (held_out + 1 + jnp.arange(10)) % 10


def world(key: PRNGKeyArray, context: Context, values: dict) -> World:
    """Split the images at random, and train a network on nine of the ten classes."""
    fixed: Fixed = context.fixed
    shown = images_of(context.static["source"])
    pixels, members = jnp.asarray(shown.pixels), jnp.asarray(shown.members)
    split_key, init_key, train_key = jax.random.split(key, 3)
    order = jnp.argsort(jax.random.uniform(split_key, members.shape), axis=1)
    shuffled = jnp.take_along_axis(members[classes(values["held_out"])], order, axis=1)
    seen = shuffled[:N_CLASSES, : fixed.n_train].reshape(-1)
    unseen = shuffled[:N_CLASSES, fixed.n_train : fixed.n_train + fixed.n_test].reshape(-1)
    inputs, labels = pixels[seen], class_labels(fixed.n_train)
    sorts = NETWORKS[str(context.static["source"])].names_classes
    head = (fixed.n_dims, N_CLASSES) if sorts else (fixed.n_dims, fixed.n_hidden, SIDE**2)
    start = perceptron.init(init_key, encoder=(SIDE**2, fixed.n_hidden, fixed.n_dims), head=head)

    def loss(params: PerceptronParams, key: PRNGKeyArray) -> Float[Array, ""]:
        rows = jax.random.randint(key, (_BATCH,), 0, inputs.shape[0])
        if sorts:
            return perceptron.classification_loss(params, inputs[rows], labels[rows])
        return perceptron.reconstruction_loss(params, inputs[rows])

    config = TrainingConfig(n_steps=fixed.network_steps, batch_size=_BATCH, learning_rate=_RATE)
    params, history = train(train_key, start, loss, config)
    return World(params, seen, unseen, shuffled[N_CLASSES], history[-1])


def sample(key: PRNGKeyArray, context: Context, world: World, values: dict) -> Sample:
    """Representations of the training images, and under every condition of the test images and the held-out class."""
    shown = images_of(context.static["source"])
    pixels = jnp.asarray(shown.pixels)
    train = perceptron.hidden(world.params, pixels[world.train])
    mean = jnp.mean(train, axis=0)
    scale = jnp.sqrt(jnp.mean((train - mean[None, :]) ** 2))

    def represented(images: Array) -> Array:
        return (perceptron.hidden(world.params, images) - mean[None, :]) / scale

    def under_conditions(key: PRNGKeyArray, places: Array) -> Array:
        image_key, noise_key = jax.random.split(key)
        images = disturbed(image_key, pixels[places].reshape(-1, SIDE, SIDE), shown.beyond)
        found = represented(images.reshape(-1, SIDE**2)).reshape(*images.shape[:2], -1)
        noise = jax.random.normal(noise_key, found.shape[1:], found.dtype)
        return found + amounts_of("activation noise")[:, None, None] * noise[None]

    found = under_conditions(key, world.test), under_conditions(jax.random.fold_in(key, 2), world.outliers)
    return Sample((train - mean[None, :]) / scale, *found)


def measure(
    key: PRNGKeyArray, context: Context, world: World, data: Sample, values: dict, method: str
) -> Decomposition:
    """Decompose the representation by one method, without training the network again."""
    fixed: Fixed = context.fixed
    judged = [part.reshape(-1, fixed.n_dims) for part in (data.test, data.outliers)]
    everything = jnp.concatenate([data.train, *judged])
    return decompose(key, context, method, data.train, everything, n_atoms=fixed.n_atoms, nonnegative=True)


def judge(
    key: PRNGKeyArray, context: Context, world: World, data: Sample, values: dict, found: Decomposition
) -> dict[str, Any]:
    """What the features are good for: classes, anomalies, explanation."""
    fixed: Fixed = context.fixed
    sizes = (data.train.shape[0], data.test.shape[0] * data.test.shape[1])
    few_key, chance_key, round_key = jax.random.split(jax.random.fold_in(key, 1), 3)
    train, test, outliers = jnp.split(found.features, (sizes[0], sizes[0] + sizes[1]))
    test, outliers = test.reshape(*data.test.shape[:2], -1), outliers.reshape(*data.outliers.shape[:2], -1)
    labels, test_labels = class_labels(fixed.n_train), class_labels(fixed.n_test)
    pixels = jnp.asarray(images_of(context.static["source"]).pixels)
    r2, left = explained(
        jnp.concatenate([data.test[0], data.outliers[0]]), found.dictionary, jnp.concatenate([test[0], outliers[0]])
    )
    return {
        "network_loss": world.loss,
        "r2": r2,
        **density(test[0]),
        **_accuracies(few_key, fixed, train, labels, test, test_labels),
        **_anomalies(train, test, outliers),
        "auroc_residual": _auroc(jnp.linalg.norm(left, axis=1), data.test.shape[1]),
        **_explanation(chance_key, round_key, train, labels, test[0], test_labels, world, pixels),
        "pictures": _pictures(data.train, pixels[world.train], found),
        **found.status,
    }


def class_labels(n_each: int) -> Int[Array, " n"]:
    """Labels of images that stand class by class."""
    return jnp.repeat(jnp.arange(N_CLASSES), n_each)


def _accuracies(
    key: PRNGKeyArray, fixed: Fixed, train: Array, labels: Array, test: Array, test_labels: Array
) -> dict[str, Array]:
    """Of a linear classifier trained on clean features: under every condition, and with few labels."""
    scale = jnp.std(train, axis=0)
    scale = jnp.where(scale > 0, scale, 1)
    train, test = (train - jnp.mean(train, axis=0)) / scale, (test - jnp.mean(train, axis=0)) / scale
    probe = metrics.fit_softmax_probe(train, labels, n_classes=N_CLASSES, penalty=fixed.probe_penalty)
    right = jnp.mean(probe.predict(test) == test_labels[None, :], axis=1, dtype=train.dtype)
    scores = {condition.column: right[place] for place, condition in enumerate(CONDITIONS)}
    few = max(LABELS_PER_CLASS)

    def with_few(key: PRNGKeyArray) -> Array:
        order = jnp.argsort(jax.random.uniform(key, (N_CLASSES, fixed.n_train)), axis=1)[:, :few]
        rows = (order + fixed.n_train * jnp.arange(N_CLASSES)[:, None]).reshape(-1)

        def of_size(n_labels: Array) -> Array:
            chosen = jnp.tile(jnp.arange(few) < n_labels, N_CLASSES).astype(train.dtype)
            found = metrics.fit_softmax_probe(
                train[rows], labels[rows], chosen, n_classes=N_CLASSES, penalty=fixed.probe_penalty
            )
            return jnp.mean(found.predict(test[0]) == test_labels, dtype=train.dtype)

        return jax.vmap(of_size)(jnp.asarray(LABELS_PER_CLASS))

    few_right = jnp.mean(jax.vmap(with_few)(jax.random.split(key, N_DRAWS)), axis=0)
    return scores | {f"accuracy_labels_{n}": few_right[i] for i, n in enumerate(LABELS_PER_CLASS)}


def _anomalies(train: Array, test: Array, outliers: Array) -> dict[str, Array]:
    """How well scores of anomaly, by clean training images, tell the held-out class from the others in each condition.

    Both are disturbed alike: a detector that takes every disturbed image for an anomaly tells nothing.
    """
    detectors = {"neighbours": metrics.neighbour_distance, "mahalanobis": metrics.mahalanobis_distance}
    items, n_test = jnp.concatenate([test, outliers], axis=1), test.shape[1]
    scores = {}
    for name, distance in detectors.items():
        found = jax.lax.map(lambda some, distance=distance: _auroc(distance(train, some), n_test), items)
        scores |= {condition.anomaly_column(name): found[place] for place, condition in enumerate(CONDITIONS)}
    return scores


def _auroc(score: Array, n_test: int) -> Float[Array, ""]:
    """Of scores of test images, then outliers: how well they tell which is which."""
    strange = jnp.arange(score.shape[0]) >= n_test
    return metrics.auroc(score[:, None], strange[:, None])[0, 0]


def _explanation(
    chance_key: PRNGKeyArray,
    round_key: PRNGKeyArray,
    train: Array,
    labels: Array,
    test: Array,
    test_labels: Array,
    world: World,
    pixels: Array,
) -> dict[str, Array]:
    """How well single features go with single classes and with alike images, and which items show them."""
    images = pixels[world.test]
    alive = jnp.std(test, axis=0) > 0

    def over_alive(values: Array) -> Array:
        return jnp.sum(jnp.where(alive & jnp.isfinite(values), values, 0)) / jnp.sum(alive & jnp.isfinite(values))

    # For each class the feature, with a sign, that tells it best from the others in training, judged on test images.
    separation = metrics.auroc(train, labels[:, None] == jnp.arange(N_CLASSES)[None, :]) - 0.5
    best = jnp.argmax(jnp.abs(separation), axis=0)
    sign = jnp.sign(separation[best, jnp.arange(N_CLASSES)])
    tested = metrics.auroc(test, test_labels[:, None] == jnp.arange(N_CLASSES)[None, :]) - 0.5
    of_best = 0.5 + sign * tested[best, jnp.arange(N_CLASSES)]
    shuffled = test_labels[jnp.argsort(jax.random.uniform(chance_key, test_labels.shape))]
    chosen = jnp.stack([test_labels, shuffled])
    selectivity, by_chance = jax.vmap(lambda y: metrics.class_selectivity(test, y, n_classes=N_CLASSES))(chosen)
    shown = metrics.intrusion_round(round_key, test, n_top=N_INTRUSION)
    return {
        "class_auroc": jnp.mean(of_best),
        "selectivity": over_alive(selectivity),
        "selectivity_chance": over_alive(by_chance),
        "monosemanticity": over_alive(metrics.monosemanticity(test, images)),
        "monosemanticity_chance": metrics.mean_cosine(images),
        "intrusion": over_alive(metrics.intrusion_accuracy(round_key, test, images, n_top=N_INTRUSION, n_rounds=4)),
        "class_feature": best,
        "class_items": world.test[jnp.argsort(-sign[None, :] * test[:, best], axis=0)[:N_TOP].T],
        "class_sign": sign,
        "shown_items": world.test[shown],
        "judged_odd": jnp.argmin(metrics.fellowship(images, shown), axis=1),
        "alive": jnp.sum(test > 0, axis=0) >= N_INTRUSION,
    }


def _pictures(train: Array, images: Array, found: Decomposition) -> Float[Array, "n_atoms n_pixels"]:
    """Each direction as an image: by the linear map of representations to images that is best on the training images.

    It is linear whatever the network is, so that an atom has one picture, with a sign.
    """
    images = images - jnp.mean(images, axis=0)[None, :]
    gram = train.T @ train
    ridge = 1e-3 * jnp.trace(gram) / gram.shape[0] * jnp.eye(gram.shape[0], dtype=gram.dtype)
    decoder = jnp.linalg.solve(gram + ridge, train.T @ images)
    return found.dictionary.T @ decoder
