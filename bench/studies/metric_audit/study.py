"""What does every metric say of estimates whose faults are known: noise, rotation, splitting, merging, dead atoms?

Codes are K-sparse, the dictionary Gaussian. An estimate is made from the truth with one fault and scored by all
metrics, each written so that 1 is best. The same scores of the same estimate with its samples in a random order (and of
an unrelated dictionary of the same shape) are its chance level. A "method" here is a family of metrics.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from bench.errors import UserError
from bench.studies.metric_audit.estimates import MAKERS, N_EQUAL, Estimate, Make, chance_of, draw_codes, stacked
from bench.studies.metric_audit.parameters import CONDITIONS, PRESETS, Fixed, Grid
from bench.studies.metric_audit.scores import FAMILIES
from bench.study import Axis, Context, Point, Spec, Study, deferred
from toymodels.mixing import gaussian_dictionary


def world(key: jax.Array, context: Context, values: dict) -> jax.Array:
    """A dictionary."""
    n_latents = int(context.static["n_latents"])
    return gaussian_dictionary(key, n_dims=n_dims_of(context.fixed, n_latents), n_latents=n_latents)


class Sample(NamedTuple):
    """The truth and the estimates, each followed along its first axis by what it comes to at chance.

    There is one estimate for each number of atoms, as shapes cannot depend on a traced condition.
    """

    truth: Estimate
    equal: Estimate
    split: Estimate
    merged: Estimate


def sample(key: jax.Array, context: Context, dictionary: jax.Array, values: dict) -> Sample:
    """Draw the true codes; make an estimate with the point's fault, and its samples shuffled."""
    fixed = context.fixed
    code_key, make_key, chance_key = jax.random.split(key, 3)
    again_key = jax.random.fold_in(make_key, 1)
    codes = draw_codes(code_key, int(context.static["n_samples"]), dictionary.shape[1], fixed.density)
    truth = Estimate(codes, dictionary)
    noise = jnp.asarray(fixed.noise_ratio, codes.dtype)

    def with_chance(estimate: Estimate) -> Estimate:
        keys = jax.random.split(chance_key, fixed.n_shuffles)
        return stacked(estimate, jax.vmap(lambda key: chance_of(key, estimate))(keys))

    def made(make: Make) -> Estimate:
        return make(make_key, truth, noise)._replace(again=make(again_key, truth, noise).dictionary)

    equal = [lambda make=make: made(make) for make in list(MAKERS.values())[:N_EQUAL]]
    chosen = jax.lax.switch(jnp.clip(values["condition_code"], 0, N_EQUAL - 1), equal)
    other = (made(MAKERS[name]) for name in ("split", "merged"))
    return Sample(truth, with_chance(chosen), *map(with_chance, other))


def derive(fixed: Fixed, point: Point) -> dict[str, float]:
    """The condition as a number."""
    return {"condition_code": list(CONDITIONS).index(str(point["condition"]))}


def measure(
    key: jax.Array, context: Context, dictionary: jax.Array, data: Sample, values: dict, method: str
) -> dict[str, Any]:
    """Score the point's estimate by one family of metrics, and the same at chance."""
    score_key = jax.random.fold_in(key, 1)

    def scored(estimates: Estimate) -> dict[str, jax.Array]:
        def score(one: Estimate) -> dict[str, jax.Array]:
            return FAMILIES[method](score_key, data.truth, one, context.fixed.activity_threshold)

        found = jax.lax.map(score, estimates)
        own = {name: scores[0] for name, scores in found.items()}
        return own | {f"{name}_chance": jnp.mean(scores[1:]) for name, scores in found.items()}

    branches = [lambda each=each: scored(each) for each in (data.equal, data.split, data.merged)]
    return jax.lax.switch(jnp.maximum(values["condition_code"] - N_EQUAL + 1, 0), branches)


def n_dims_of(fixed: Fixed, n_latents: int) -> int:
    """M = delta N, rounded."""
    return round(fixed.undersampling * n_latents)


def check(spec: Spec) -> None:
    """At least two dimensions: in one, every two atoms are duplicates."""
    for n_latents in spec.grid.n_latents:
        if n_dims_of(spec.fixed, n_latents) < 2:
            raise UserError(f"undersampling {spec.fixed.undersampling} of n_latents {n_latents} leaves no 2 dimensions")


STUDY = Study(
    name="metric-audit",
    summary="what every metric says of estimates whose faults are known, with its chance level",
    grid_type=Grid,
    fixed_type=Fixed,
    axes={
        "n_latents": Axis("world", static=True),
        "n_samples": Axis("measurement", static=True),
        "condition": Axis("measurement"),
    },
    methods={
        "matching": "one-to-one matching: MCC, soft matching, Amari, aligned errors and supports, atoms' cosines",
        "readout": "linear read-out: R², DCI",
        "representation": "likeness of whole representations: CCA, SVCCA, CKA, RSA, Procrustes",
        "structure": "splitting, absorption, dead and duplicate atoms, stability",
        "proxies": "proxies without truth: intrusion, monosemanticity, class selectivity",
    },
    presets=PRESETS,
    accepts=(),
    world=world,
    sample=sample,
    measure=measure,
    report=deferred(f"{__package__}.report"),
    check=check,
    derive=derive,
    batch_points=False,
)
