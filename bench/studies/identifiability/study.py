"""The identifiability study: a nonlinear world, a trained encoder, and how much of the latents is in it linearly.

Latents z make observations x = g(z), from which a network learns y = f(x) for some objective. If theory's assumptions
hold, h = f after g is linear (Zimmermann et al. 2021; Reizinger et al. 2024). From one base setting each assumption is
broken, and each quantity varied, in turn; all networks of one objective train side by side in one compiled call.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from analysis import metrics
from bench.errors import UserError
from bench.methods import built_in
from bench.studies.identifiability import worlds as truth
from bench.studies.identifiability.parameters import PRESETS, Fixed, Grid, base_point, numbers
from bench.study import Axis, Context, Point, Spec, Study, deferred
from recovery.knowledge import Knowledge
from toymodels.counter_key import counter_key
from toymodels.mixing import orthogonal_dictionary

REPRESENTATION = "representation"
LEARNERS = ("fast-ica", "alternating-mod")

AXES = {
    "objective": Axis("world", static=True),
    "n_latents": Axis("world", static=True),
    "assumption": Axis("world"),
    "depth": Axis("world"),
    "condition_number": Axis("world"),
    "n_classes": Axis("world"),
    "n_samples": Axis("world"),
    "undersampling": Axis("world"),
}


def worlds(spec: Spec, static: Point) -> list[tuple[Point, int]]:
    """One thing at a time: the base setting, and from it the other values of one axis after another."""
    base = base_point(spec.fixed)
    traced = [name for name, axis in AXES.items() if not axis.static]
    departures = [name for name, value in static.items() if value != base[name]]
    if len(departures) > 1:
        return []
    points = [{name: base[name] for name in traced}]
    if not departures:
        for name in traced:
            points += [{**points[0], name: value} for value in getattr(spec.grid, name) if value != base[name]]
    return [(point, trial) for point in points for trial in range(spec.trials)]


def world(key: jax.Array, context: Context, values: dict) -> truth.World:
    """Draw the world and train its network."""
    objective, n_latents = str(context.static["objective"]), int(context.static["n_latents"])
    # What is drawn here is drawn once, and threefry takes longer to compile than all the rest.
    return truth.train_world(counter_key(key), context.fixed, objective, n_latents, values)


class Sample(NamedTuple):
    """Fresh latents with their observations and representations, and representations to learn a dictionary from."""

    latents: jax.Array
    observations: jax.Array
    representations: jax.Array
    training: jax.Array


def sample(key: jax.Array, context: Context, world: truth.World, values: dict) -> Sample:
    """Draw fresh samples of the world, and represent them."""
    fixed, objective = context.fixed, str(context.static["objective"])
    data = truth.draw(counter_key(key), fixed, objective, world.truth, values, 2 * fixed.n_eval)
    representations = truth.represent(objective, world.encoder, data.observations)
    here = slice(None, fixed.n_eval)
    return Sample(data.latents[here], data.observations[here], representations[here], representations[fixed.n_eval :])


def measure(
    key: jax.Array, context: Context, world: truth.World, data: Sample, values: dict, method: str
) -> dict[str, Any]:
    """The linear R^2 of the representation, and the MCC before or after a learner has looked for a sparse basis."""
    fit_key, chance_key = jax.random.split(jax.random.fold_in(key, 1))
    found: dict[str, Any] = {"loss": world.loss}
    n_latents = data.latents.shape[1]
    if method == REPRESENTATION:
        codes = data.representations
        found["r2"] = metrics.linear_r2(data.latents, codes, n_folds=2).mean
        found["r2_back"] = metrics.linear_r2(codes, data.latents, n_folds=2).mean
        found["r2_observed"] = metrics.linear_r2(data.latents, data.observations, n_folds=2).mean
        turned = data.latents @ orthogonal_dictionary(fit_key, n_dims=n_latents, n_latents=n_latents)
        found["mcc_rotated"] = metrics.mean_correlation(data.latents, turned).mcc
    else:
        codes = _sparse_codes(fit_key, context, data, method)
    chance = metrics.permuted_mean_correlation(
        chance_key, data.latents, codes, n_permutations=context.fixed.n_permutations
    )
    return {**found, "mcc": metrics.mean_correlation(data.latents, codes).mcc, "mcc_chance": jnp.mean(chance)}


def _sparse_codes(key: jax.Array, context: Context, data: Sample, method: str) -> jax.Array:
    """Codes of the centred representations in a basis that a learner finds in others."""
    n_latents = data.latents.shape[1]
    found = context.plugged(method) or built_in()[method]
    learner: Any = found.build(
        Knowledge(
            n_dims=n_latents,
            n_latents=n_latents,
            max_active=n_latents,
            nonnegative=False,
            n_active=context.fixed.density * n_latents,
            exact=False,
        )
    )
    mean = jnp.mean(data.training, axis=0, keepdims=True)
    fit = learner.fit(data.training - mean, n_atoms=n_latents, key=key)
    return fit.encoder(fit.dictionary, data.representations - mean).codes


def check(spec: Spec) -> None:
    """Nothing exceeds what the compiled programs hold."""
    fixed: Fixed = spec.fixed
    for axis, base, most, word in (
        ("depth", fixed.base_depth, fixed.most_layers, "most_layers"),
        ("n_classes", fixed.base_n_classes, fixed.most_classes, "most_classes"),
        ("n_samples", fixed.base_n_samples, fixed.most_samples, "most_samples"),
    ):
        largest = max(base, *getattr(spec.grid, axis))
        if largest > most:
            raise UserError(f"{axis} {largest} must be at most {word} {most}")
    if fixed.most_classes < 2 * max(spec.grid.n_latents):
        raise UserError(
            f"most_classes {fixed.most_classes} must be at least twice n_latents {max(spec.grid.n_latents)}"
        )


STUDY = Study(
    name="identifiability",
    summary="do trained networks hold the latents up to a linear map? theory's assumptions, broken one at a time",
    grid_type=Grid,
    fixed_type=Fixed,
    axes=AXES,
    methods={
        REPRESENTATION: "the representation as it is: linear R² both ways, MCC",
        **{name: f"MCC after a sparse basis was found: {built_in()[name].summary}" for name in LEARNERS},
    },
    presets=PRESETS,
    accepts=("learner",),
    world=world,
    sample=sample,
    measure=measure,
    report=deferred(f"{__package__}.report"),
    check=check,
    derive=numbers,
    derive_world=numbers,
    worlds=worlds,
)
