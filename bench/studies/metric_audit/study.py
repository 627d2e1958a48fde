"""What does every metric say of estimates whose faults are known: noise, rotation, splitting, merging, dead atoms?

Codes are K-sparse, the dictionary Gaussian. An estimate is made from the truth with one fault and scored by all
metrics, each written so that 1 is best. The same scores of the same estimate with its samples in a random order (and of
an unrelated dictionary of the same shape) are its chance level. A "method" here is a family of metrics.
"""

from typing import Any

import jax
import jax.numpy as jnp

from bench.errors import UserError
from bench.studies.metric_audit.estimates import MAKERS, N_EQUAL, Estimate, Make, chance_of, draw_codes
from bench.studies.metric_audit.parameters import CONDITIONS, PRESETS, Fixed, Grid
from bench.studies.metric_audit.report import report
from bench.studies.metric_audit.scores import FAMILIES, stacked
from bench.study import Axis, Context, Point, Spec, Study
from toymodels.mixing import gaussian_dictionary


def world(key: jax.Array, context: Context, values: dict) -> jax.Array:
    """A dictionary."""
    n_latents = int(context.static["n_latents"])
    return gaussian_dictionary(key, n_dims=n_dims_of(context.fixed, n_latents), n_latents=n_latents)


def sample(key: jax.Array, context: Context, dictionary: jax.Array, values: dict) -> Estimate:
    """The true codes, with the true dictionary."""
    codes = draw_codes(key, int(context.static["n_samples"]), dictionary.shape[1], context.fixed.density)
    return Estimate(codes, dictionary)


def derive(fixed: Fixed, point: Point) -> dict[str, float]:
    """The condition as a number."""
    return {"condition_code": list(CONDITIONS).index(str(point["condition"]))}


def measure(
    key: jax.Array, context: Context, dictionary: jax.Array, truth: Estimate, values: dict, method: str
) -> dict[str, Any]:
    """Score an estimate with the point's fault by one family of metrics, and the same at chance."""
    fixed, code, makers = context.fixed, values["condition_code"], list(MAKERS.values())
    make_key, score_key, chance_key = jax.random.split(jax.random.fold_in(key, 1), 3)
    noise = jnp.asarray(fixed.noise_ratio, truth.codes.dtype)

    def scored(makers: list[Make], index: jax.Array) -> dict[str, jax.Array]:
        branches = [lambda make=make: make(make_key, truth, noise) for make in makers]
        estimate = jax.lax.switch(index, branches)
        shuffles = jax.vmap(lambda k: chance_of(k, estimate))(jax.random.split(chance_key, fixed.n_shuffles))

        def score(one: Estimate) -> dict[str, jax.Array]:
            return FAMILIES[method](score_key, truth, one, fixed.activity_threshold)

        found = jax.lax.map(score, stacked(estimate, shuffles))
        own = {name: values[0] for name, values in found.items()}
        return own | {f"{name}_chance": jnp.mean(values[1:]) for name, values in found.items()}

    # One compiled branch for every number of atoms; those of equal number share theirs.
    branches = [lambda: scored(makers[:N_EQUAL], jnp.clip(code, 0, N_EQUAL - 1))]
    branches += [lambda make=make: scored([make], jnp.int32(0)) for make in makers[N_EQUAL:]]
    return jax.lax.switch(jnp.maximum(code - N_EQUAL + 1, 0), branches)


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
        "structure": "splitting, absorption, dead and duplicate atoms",
        "proxies": "proxies without truth: intrusion, monosemanticity, class selectivity",
    },
    presets=PRESETS,
    accepts=(),
    world=world,
    sample=sample,
    measure=measure,
    report=report,
    check=check,
    derive=derive,
    batch_points=False,
)
