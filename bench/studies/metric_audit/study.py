"""What does every metric say of estimates whose faults are known: noise, rotation, splitting, merging, dead atoms?

Codes are K-sparse, the dictionary Gaussian. An estimate is made from the truth with one fault and scored by all
metrics, each written so that 1 is best. The same scores of the same estimate with its samples in a random order (and of
an unrelated dictionary of the same shape) are its chance level. A "method" here is a family of metrics; a learner that
is plugged in makes one more estimate, from the observations alone, which all families score.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from bench.errors import UserError
from bench.methods import Method
from bench.studies.metric_audit.estimates import (
    MAKERS,
    N_EQUAL,
    Estimate,
    Make,
    draw_codes,
    learned,
    with_chance,
)
from bench.studies.metric_audit.parameters import CONDITIONS, PRESETS, TRUTH, Fixed, Grid
from bench.studies.metric_audit.scores import FAMILIES
from bench.study import Axis, Context, Point, Spec, Study, deferred
from recovery.solution import Status
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

    def followed(estimate: Estimate) -> Estimate:
        return with_chance(chance_key, estimate, n_shuffles=fixed.n_shuffles)

    def made(make: Make) -> Estimate:
        return make(make_key, truth, noise)._replace(again=make(again_key, truth, noise).dictionary)

    equal = [lambda make=make: made(make) for make in list(MAKERS.values())[:N_EQUAL]]
    chosen = jax.lax.switch(jnp.clip(values["condition_code"], 0, N_EQUAL - 1), equal)
    other = (made(MAKERS[name]) for name in ("split", "merged"))
    return Sample(truth, followed(chosen), *map(followed, other))


def derive(fixed: Fixed, point: Point) -> dict[str, float]:
    """The condition as a number."""
    return {"condition_code": list(CONDITIONS).index(str(point["condition"]))}


def measure(
    key: jax.Array, context: Context, dictionary: jax.Array, data: Sample, values: dict, method: str
) -> dict[str, Any]:
    """Score the point's estimate by one family of metrics, and the same at chance."""
    learner = context.plugged(method)
    if learner is not None:
        return _measure_learner(key, context.fixed, data.truth, values, learner)

    def scored(estimates: Estimate) -> dict[str, jax.Array]:
        return _scored(key, context.fixed, data.truth, estimates, method)

    branches = [lambda each=each: scored(each) for each in (data.equal, data.split, data.merged)]
    return jax.lax.switch(jnp.maximum(values["condition_code"] - N_EQUAL + 1, 0), branches)


def _scored(key: jax.Array, fixed: Fixed, truth: Estimate, estimates: Estimate, family: str) -> dict[str, jax.Array]:
    """The first estimate's scores, and the mean of the others', which are its chance level."""
    score_key = jax.random.fold_in(key, 1)

    def score(one: Estimate) -> dict[str, jax.Array]:
        return FAMILIES[family](score_key, truth, one, fixed.activity_threshold)

    found = jax.lax.map(score, estimates)
    own = {name: scores[0] for name, scores in found.items()}
    return own | {f"{name}_chance": jnp.mean(scores[1:]) for name, scores in found.items()}


def _measure_learner(
    key: jax.Array, fixed: Fixed, truth: Estimate, values: dict, learner: Method
) -> dict[str, jax.Array]:
    """The scores of all families, and how the fit ended.

    What is observed is the same in every condition, so that a learner is fitted where the estimate would be the truth,
    and nowhere else; there its scores are nan.
    """

    def fitted() -> dict[str, jax.Array]:
        observations = truth.codes @ truth.dictionary.T
        n_atoms, density = truth.dictionary.shape[1], fixed.density
        estimate, status = learned(jax.random.fold_in(key, 2), learner, observations, n_atoms=n_atoms, density=density)
        estimates = with_chance(jax.random.fold_in(key, 3), estimate, n_shuffles=fixed.n_shuffles)
        scores = [_scored(key, fixed, truth, estimates, family) for family in FAMILIES]
        lost = status == Status.NON_FINITE
        judged = {name: jnp.where(lost, jnp.nan, score) for each in scores for name, score in each.items()}
        return judged | {"fit_status": status}

    def nothing() -> dict[str, jax.Array]:
        return {
            name: jnp.full(score.shape, jnp.nan if jnp.issubdtype(score.dtype, jnp.floating) else 0, score.dtype)
            for name, score in jax.eval_shape(fitted).items()
        }

    return jax.lax.cond(values["condition_code"] == list(CONDITIONS).index(TRUTH), fitted, nothing)


def n_dims_of(fixed: Fixed, n_latents: int) -> int:
    """M = delta N, rounded."""
    return round(fixed.undersampling * n_latents)


def check(spec: Spec) -> None:
    """At least two dimensions: in one, every two atoms are duplicates. Learners need the truth's points, and a name."""
    if spec.plugins and TRUTH not in spec.grid.condition:
        raise UserError(f"condition must have {TRUTH!r}, to whose points learners are fitted")
    for name in spec.plugins:
        if name in CONDITIONS:
            raise UserError(f"method {name}: {name!r} is a condition of the study; give it another name")
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
    accepts=("learner",),
    world=world,
    sample=sample,
    measure=measure,
    report=deferred(f"{__package__}.report"),
    check=check,
    derive=derive,
    batch_points=False,
)
