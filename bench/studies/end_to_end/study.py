"""The whole way: sparse latents, a nonlinear generator, a trained network with M < N, and blind sparse recovery.

Where an estimate falls short of the truth, three things can be at fault: fewer dimensions than latents, a
representation that is no linear map of the latents, and a map that nobody knows. Each stage adds one of them.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from analysis import metrics
from bench.errors import UserError
from bench.methods import built_in
from bench.studies.end_to_end.parameters import PRESETS, STAGES, Grid, network_of, settings_of
from bench.studies.end_to_end.parameters import Fixed as Settings
from bench.studies.identifiability import worlds as truth
from bench.study import Axis, Context, Spec, Study, deferred
from recovery.coders import Sparsa
from recovery.knowledge import Knowledge
from toymodels.counter_key import counter_key

LEARNER = "alternating-mod"


def world(key: jax.Array, context: Context, values: dict) -> truth.World:
    """Draw the world and train its network."""
    fixed: Settings = context.fixed
    settings = settings_of(fixed, int(context.static["n_dims"]), values["density"])
    objective = str(context.static["objective"])
    return truth.train_world(counter_key(key), network_of(fixed), objective, fixed.n_latents, settings)


class Sample(NamedTuple):
    """Latents and centred representations to be decoded and to learn from, and the best linear map between the two.

    The columns of `dictionary` have unit norm, and latents are in its units. `linearity` says how good that map is.
    """

    latents: jax.Array
    representations: jax.Array
    train_latents: jax.Array
    training: jax.Array
    dictionary: jax.Array
    linearity: dict[str, jax.Array]


def sample(key: jax.Array, context: Context, world: truth.World, values: dict) -> Sample:
    """Draw fresh samples of the world, represent them, and fit y = A z + b to half of them."""
    fixed, n_dims, objective = context.fixed, int(context.static["n_dims"]), str(context.static["objective"])
    settings = settings_of(fixed, n_dims, values["density"])
    data = truth.draw(counter_key(key), network_of(fixed), objective, world.truth, settings, 2 * fixed.n_eval)
    representations = truth.represent(objective, world.encoder, data.observations)[:, :n_dims]
    training, latents = representations[fixed.n_eval :], data.latents[fixed.n_eval :]
    mean, centre = jnp.mean(training, axis=0, keepdims=True), jnp.mean(latents, axis=0, keepdims=True)
    dictionary = jnp.linalg.lstsq(latents - centre, training - mean)[0].T
    norms: jax.Array = jnp.linalg.norm(dictionary, axis=0, keepdims=True)
    dictionary = dictionary / jnp.where(norms > 0, norms, 1)
    linearity = {
        "r2": metrics.linear_r2(latents, training, n_folds=2).mean,
        "r2_back": metrics.linear_r2(training, latents, n_folds=2).mean,
        "coherence": metrics.coherence(dictionary),
    }
    here = slice(None, fixed.n_eval)
    return Sample(
        data.latents[here] * norms,
        representations[here] - mean,
        latents * norms,
        training - mean,
        dictionary,
        linearity,
    )


def measure(
    key: jax.Array, context: Context, world: truth.World, data: Sample, values: dict, method: str
) -> dict[str, Any]:
    """Recover the latents at one stage, and score them."""
    fit_key, chance_key = jax.random.split(jax.random.fold_in(key, 1))
    codes = _codes(fit_key, context, data, values, method)
    chance = metrics.permuted_mean_correlation(
        chance_key, data.latents, codes, n_permutations=context.fixed.n_permutations
    )
    return {
        "loss": world.loss,
        "mcc": metrics.mean_correlation(data.latents, codes).mcc,
        "mcc_chance": jnp.mean(chance),
        **data.linearity,
    }


def _codes(key: jax.Array, context: Context, data: Sample, values: dict, method: str) -> jax.Array:
    coder = Sparsa(penalty_fraction=context.fixed.penalty_fraction, nonnegative=False)
    linear = method.startswith("linear")
    observations = data.latents @ data.dictionary.T if linear else data.representations
    if method in ("linear-known", "network-estimated"):
        return coder(data.dictionary, observations).codes
    n_dims, n_latents = data.dictionary.shape
    found = context.plugged(method) or built_in()[LEARNER]
    learner: Any = found.build(
        Knowledge(
            n_dims=n_dims,
            n_latents=n_latents,
            max_active=n_dims,
            nonnegative=False,
            n_active=values["density"] * n_latents,
            exact=False,
        )
    )
    training = data.train_latents @ data.dictionary.T if linear else data.training
    fit = learner.fit(training, n_atoms=n_latents, key=key)
    # The learner's own dictionary, read by the same coder: nothing else changes from stage to stage.
    encoder = coder if method in STAGES else fit.encoder
    return encoder(fit.dictionary, observations).codes


def check(spec: Spec) -> None:
    """The representation is narrower than the latents are many, and there are targets enough."""
    fixed: Settings = spec.fixed
    if max(spec.grid.n_dims) >= fixed.n_latents:
        raise UserError(f"n_dims {max(spec.grid.n_dims)} must be below n_latents {fixed.n_latents}")
    if fixed.n_classes < 2 * fixed.n_latents:
        raise UserError(f"n_classes {fixed.n_classes} must be at least twice n_latents {fixed.n_latents}")


STUDY = Study(
    name="end-to-end",
    summary="nonlinear world, trained network with M < N, blind sparse recovery: what is lost at each step",
    grid_type=Grid,
    fixed_type=Settings,
    axes={
        "objective": Axis("world", static=True),
        "n_dims": Axis("world", static=True),
        "density": Axis("world"),
    },
    methods=STAGES,
    presets=PRESETS,
    accepts=("learner",),
    world=world,
    sample=sample,
    measure=measure,
    report=deferred(f"{__package__}.report"),
    check=check,
)
