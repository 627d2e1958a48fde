"""Samples P, sparsity K, noise, N, M: where is the true dictionary found, by which learner, and why not elsewhere?

A Gaussian dictionary with unit columns, codes with exactly K active latents. Each learner starts as it does by itself,
and once more near the truth: a learner that leaves the truth cannot find it. What it ends with is held against the true
dictionary by the l1 objective on the same samples: where the truth has the lower one and was not found, the search has
failed; where it has not, the samples do not single out the truth by this criterion. No method can succeed with
fewer samples than the counting bound (`analysis.theory.minimum_samples`).
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from analysis import metrics
from bench.errors import UserError
from bench.methods import Method, built_in
from bench.studies.dictionary_learning.parameters import (
    PRESETS,
    Fixed,
    Grid,
    n_active_of,
    n_dims_of,
    n_samples_of,
)
from bench.study import Axis, Context, Point, Spec, Study, deferred
from recovery.coders import Sparsa
from recovery.knowledge import Knowledge
from recovery.learners.start import unit_scale
from toymodels.latents import MAGNITUDES, exact_k
from toymodels.mixing import gaussian_dictionary, near_dictionary

FOUND_COSINE = 0.99
"""An atom is found where |cosine| is above this, as in Aharon, Elad & Bruckstein 2006."""

_CODE_ITERATIONS = 300

METHODS = {name: method for name, method in built_in().items() if method.kind == "learner"}


def world(key: PRNGKeyArray, context: Context, values: dict) -> Float[Array, "n_dims n_latents"]:
    """A dictionary."""
    n_latents = int(context.static["n_latents"])
    n_dims = n_dims_of(n_latents, float(context.static["undersampling"]))
    return gaussian_dictionary(key, n_dims=n_dims, n_latents=n_latents)


def derive(fixed: Fixed, point: Point) -> dict[str, Any]:
    """K, and the noise in absolute units: a coordinate's variance is K E[z^2] / M."""
    n_latents, undersampling = int(point["n_latents"]), float(point["undersampling"])
    n_active = n_active_of(n_latents, float(point["density"]))
    energy = n_active * MAGNITUDES[fixed.magnitude].second_moment / n_dims_of(n_latents, undersampling)
    return {"n_active": n_active, "noise_level": float(point["noise_std"]) * energy**0.5}


def sample(
    key: PRNGKeyArray, context: Context, dictionary: Float[Array, "n_dims n_latents"], values: dict
) -> Float[Array, "n_samples n_dims"]:
    """Observations to learn from."""
    code_key, noise_key = jax.random.split(key)
    n_latents = dictionary.shape[1]
    codes = exact_k(
        code_key,
        n_samples=n_samples_of(n_latents, float(context.static["samples_per_latent"])),
        n_latents=n_latents,
        n_active=values["n_active"],
        nonnegative=_nonnegative(context),
        magnitude=context.fixed.magnitude,
    )
    clean = codes @ dictionary.T
    return clean + values["noise_level"] * jax.random.normal(noise_key, clean.shape, clean.dtype)


def measure(
    key: PRNGKeyArray,
    context: Context,
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    values: dict,
    method: str,
) -> dict[str, Any]:
    """How near the learned dictionary comes to the true one, from either start, and which has the lower objective."""
    fixed: Fixed = context.fixed
    found = context.plugged(method) or _of_length(METHODS[method], fixed)
    learner = found.build(_knowledge(context, dictionary, values))
    fit_key, near_key = jax.random.split(key)
    n_latents = dictionary.shape[1]
    fit = learner.fit(observations, n_atoms=n_latents, key=fit_key)
    learned, near = fit.dictionary, jnp.full_like(dictionary, jnp.nan)
    if fixed.near_cosine and "first" in inspect.signature(learner.fit).parameters:
        first = near_dictionary(near_key, dictionary, cosine=fixed.near_cosine)
        near = learner.fit(observations, n_atoms=n_latents, key=fit_key, first=first).dictionary
    losses = jax.lax.map(
        lambda one: _objective(one, observations, fixed.penalty, nonnegative=_nonnegative(context)),
        jnp.stack([dictionary, learned, near]),
    )
    cosine, atoms = _agreement(dictionary, learned)
    near_cosine, near_atoms = _agreement(dictionary, near)
    return {
        "n_dims": jnp.int32(dictionary.shape[0]),
        "n_active": values["n_active"].astype(jnp.int32),
        "n_samples": jnp.int32(observations.shape[0]),
        "matched_cosine": cosine,
        "atoms_found": atoms,
        "near_matched_cosine": near_cosine,
        "near_atoms_found": near_atoms,
        "true_objective": losses[0],
        "objective": losses[1],
        "near_objective": losses[2],
        "status": fit.status.astype(jnp.int32),
    }


def _agreement(truth: Array, estimate: Array) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Mean |cosine| of matched atoms, and the share of true atoms that are found; NaN for a dictionary of NaN."""
    usable = jnp.all(jnp.isfinite(estimate))
    finite = jnp.where(usable, estimate, 0)
    cosine = metrics.dictionary_similarity(truth, finite).matched_cosine
    share = jnp.mean(jnp.max(metrics.absolute_cosine(truth, finite), axis=1) > FOUND_COSINE)
    return jnp.where(usable, cosine, jnp.nan), jnp.where(usable, share, jnp.nan)


def _objective(dictionary: Array, observations: Array, penalty: float, *, nonnegative: bool) -> Float[Array, ""]:
    """mean_p 1/2 ||y_p - D z_p||^2 + penalty ||z_p||_1 at the best codes, y of unit root mean square norm."""
    data = observations / unit_scale(observations)
    coder = Sparsa(penalty=penalty, nonnegative=nonnegative, max_iterations=_CODE_ITERATIONS)
    codes = coder(dictionary, data).codes
    squared_error = jnp.sum((data - codes @ dictionary.T) ** 2, axis=1)
    return jnp.mean(0.5 * squared_error + penalty * jnp.sum(jnp.abs(codes), axis=1))


def _of_length(method: Method, fixed: Fixed) -> Method:
    """The same method, with as many training steps as the study says where it is trained by gradient descent."""
    build: Callable[[Knowledge], Any] = method.build

    def built(knowledge: Knowledge) -> Any:
        one = build(knowledge)
        return replace(one, n_steps=fixed.training_steps) if hasattr(one, "n_steps") else one

    return replace(method, build=built)


def _knowledge(context: Context, dictionary: Array, values: dict) -> Knowledge:
    n_dims, n_latents = dictionary.shape
    return Knowledge(
        n_dims=n_dims,
        n_latents=n_latents,
        max_active=n_dims,
        nonnegative=_nonnegative(context),
        n_active=values["n_active"],
        noise_std=values["noise_level"],
        magnitude=MAGNITUDES[context.fixed.magnitude].second_moment ** 0.5,
    )


def _nonnegative(context: Context) -> bool:
    return context.static["code_sign"] == "nonnegative"


def check(spec: Spec) -> None:
    """There must be two dimensions, fewer active latents than dimensions, and amplitudes that have the signs."""
    grid, fixed = spec.grid, spec.fixed
    for n_latents in grid.n_latents:
        for undersampling in grid.undersampling:
            n_dims = n_dims_of(n_latents, undersampling)
            if n_dims < 2:
                raise UserError(
                    f"undersampling {undersampling} of n_latents {n_latents} leaves fewer than 2 dimensions"
                )
            for density in grid.density:
                n_active = n_active_of(n_latents, density)
                if n_active >= n_dims:
                    raise UserError(
                        f"density {density} of n_latents {n_latents} makes n_active {n_active}; it must be below "
                        f"n_dims {n_dims} (undersampling {undersampling})"
                    )
    if "signed" in grid.code_sign and not MAGNITUDES[fixed.magnitude].signed:
        signed = ", ".join(name for name, one in MAGNITUDES.items() if one.signed)
        raise UserError(f"magnitude {fixed.magnitude} has no negative values for code_sign signed; use one of {signed}")


STUDY = Study(
    name="dictionary-learning",
    summary="phase diagrams of dictionary recovery over samples, sparsity, noise, N and M, and why learners fail",
    grid_type=Grid,
    fixed_type=Fixed,
    axes={
        "n_latents": Axis("world", static=True),
        "undersampling": Axis("world", static=True),
        "samples_per_latent": Axis("measurement", static=True),
        "code_sign": Axis("measurement", static=True),
        "density": Axis("measurement"),
        "noise_std": Axis("measurement"),
    },
    methods={name: method.summary for name, method in METHODS.items()},
    presets=PRESETS,
    accepts=("learner",),
    world=world,
    sample=sample,
    measure=measure,
    derive=derive,
    report=deferred(f"{__package__}.report"),
    check=check,
    batch_points=False,
)
