"""Trained superposition against a random dictionary: what can be recovered, over density and noise?

Toy models (Elhage et al. 2022) are trained at each density; their hidden representations, plus noise, are decoded with
the dictionary known (lasso, OMP, the network's own readout) and unknown (a classical learner, a TopK sparse
autoencoder). The same job is done for a random Gaussian dictionary of the same shape. Whatever is fitted blindly has
a null beside it: an unrelated random dictionary, whose scores are the chance level.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from analysis import metrics
from analysis.theory.l1_transition import minimax_threshold
from bench.errors import UserError
from bench.methods import recover
from bench.status import status_metrics
from bench.studies.superposition_map.parameters import BLIND, KNOWN, PRESETS, Fixed, Grid, predicted_lasso
from bench.study import Axis, Context, Point, Spec, Study, deferred
from recovery.coders import Fista, Omp
from recovery.encoders import ReluReadout
from recovery.knowledge import Knowledge
from recovery.learners import AlternatingMod, TopKSae, UnrelatedDictionary
from toymodels.problem import Problem, observe
from toymodels.training import TrainingConfig
from toymodels.worlds import GaussianMixing, TrainedBottleneck

LEAST_PENALTY = 1e-4
"""Amplitudes reach up to 1; a smaller penalty than this only costs iterations."""

N_SUPPORTS = 64
"""Samples on whose supports the exact recovery conditions are computed."""


class World(NamedTuple):
    """The problem, and what theory guarantees for its very dictionary."""

    problem: Problem
    guarantees: dict[str, jax.Array]


def world(key: jax.Array, context: Context, values: dict) -> World:
    """Train a network, or draw a random dictionary and train its readout; then draw codes."""
    fixed = context.fixed
    make = {"network": TrainedBottleneck, "gaussian": GaussianMixing}[str(context.static["dictionary"])]
    training = TrainingConfig(
        n_steps=fixed.training_steps, batch_size=fixed.batch_size, learning_rate=fixed.learning_rate
    )
    build = make(
        n_latents=fixed.n_latents,
        n_dims=fixed.n_dims,
        importance_decay=fixed.importance_decay,
        n_train=fixed.n_train,
        n_eval=fixed.n_eval,
        training=training,
    )
    problem = build(key, density=values["density"], training_noise_std=fixed.training_noise_std or None)
    return World(problem, _guarantees(problem, values["density"]))


def derive(fixed: Fixed, point: Point) -> dict[str, float]:
    """The lasso's best penalty in theory, and the number of active latents that a TopK autoencoder keeps."""
    density, noise_std = float(point["density"]), float(point["noise_std"])
    penalty = predicted_lasso(fixed.n_dims / fixed.n_latents, density, noise_std).penalty
    n_active = min(max(1, round(density * fixed.n_latents)), fixed.n_dims)
    return {"penalty": max(penalty, LEAST_PENALTY), "n_active": n_active}


class Sample(NamedTuple):
    """Noisy representations: to learn a dictionary from, and to be decoded."""

    training: jax.Array
    observations: jax.Array


def sample(key: jax.Array, context: Context, world: World, values: dict) -> Sample:
    """Observe the problem's codes under noise."""
    problem = world.problem
    train_key, eval_key = jax.random.split(key)
    return Sample(
        observe(train_key, problem.dictionary, problem.train_codes, values["noise_std"]),
        observe(eval_key, problem.dictionary, problem.eval_codes, values["noise_std"]),
    )


def measure(key: jax.Array, context: Context, world: World, data: Sample, values: dict, method: str) -> dict[str, Any]:
    """Recover the codes of fresh samples by one method, and score them."""
    problem = world.problem
    plugged = context.plugged(method)
    if plugged is not None:
        knowledge = _knowledge(problem, data, values)
        codes = problem.train_codes
        solution, fit = recover(
            plugged,
            knowledge,
            problem.dictionary,
            data.observations,
            data.training,
            codes,
            key=jax.random.fold_in(key, 1),
        )
        if plugged.kind == "learner":
            assert fit is not None
            scores = _score_blind(context.fixed, problem, fit.dictionary, solution.codes)
        else:
            scores = _score(context.fixed, problem, solution.codes)
    elif method in KNOWN:
        solution = _coder(problem, values, method)(problem.dictionary, data.observations)
        scores = _score(context.fixed, problem, solution.codes)
    else:
        # Another key than the one the noise came from.
        fit = _learner(context.fixed, values, method).fit(
            data.training, n_atoms=context.fixed.n_latents, key=jax.random.fold_in(key, 1)
        )
        solution = fit.encoder(fit.dictionary, data.observations)
        scores = _score_blind(context.fixed, problem, fit.dictionary, solution.codes)
    return {**scores, **_geometry(problem), **world.guarantees, **status_metrics(solution)}


def _knowledge(problem: Problem, data: Sample, values: dict) -> Knowledge:
    """What a plugged-in method is told: no more than the map's own methods."""
    n_dims, n_latents = problem.dictionary.shape
    return Knowledge(
        n_dims=n_dims,
        n_latents=n_latents,
        max_active=n_dims,
        nonnegative=True,
        n_active=values["n_active"],
        exact=False,
        noise_std=values["noise_std"],
        magnitude=3**-0.5,
        penalty=values["penalty"],
        threshold=float(minimax_threshold(n_dims / n_latents, "nonnegative")),
    )


def _coder(problem: Problem, values: dict, method: str) -> Any:
    n_dims, _ = problem.dictionary.shape
    if method == "lasso":
        return Fista(penalty=values["penalty"], nonnegative=True)
    if method == "omp":
        return Omp(n_nonzero=n_dims, noise_std=values["noise_std"], nonnegative=True)
    assert problem.readout_bias is not None, "both worlds have a readout"
    return ReluReadout(weights=problem.dictionary, bias=problem.readout_bias)


def _learner(fixed: Fixed, values: dict, method: str) -> Any:
    if method == "alternating-mod":
        return AlternatingMod(nonnegative=True)
    if method == "topk-sae":
        return TopKSae(n_active=values["n_active"], n_steps=fixed.sae_steps, batch_size=fixed.batch_size)
    return UnrelatedDictionary(nonnegative=True)


def _score(fixed: Fixed, problem: Problem, codes: jax.Array) -> dict[str, jax.Array]:
    """Scores of codes that stand in the truth's order and scale."""
    truth = problem.eval_codes
    matched = metrics.mean_correlation(truth, codes)
    return {**_entrywise(fixed, truth, codes), **_correlations(problem, matched)}


def _score_blind(fixed: Fixed, problem: Problem, dictionary: jax.Array, codes: jax.Array) -> dict[str, jax.Array]:
    """Scores after the best matching, with one least-squares scale per latent."""
    truth = problem.eval_codes
    matched = metrics.mean_correlation(truth, codes)
    aligned = metrics.align(truth, codes, matched.assignment)
    similarity = metrics.dictionary_similarity(
        problem.dictionary, dictionary, mask=metrics.represented(problem.dictionary)
    )
    return {
        **_entrywise(fixed, truth, aligned),
        **_correlations(problem, matched),
        "dictionary_cosine": similarity.matched_cosine,
    }


def _entrywise(fixed: Fixed, truth: jax.Array, codes: jax.Array) -> dict[str, jax.Array]:
    threshold = fixed.activity_threshold
    support = metrics.support_scores(truth, codes, threshold=threshold, truth_threshold=threshold)
    return {
        "nmse": metrics.nmse(truth, codes),
        "support_f1": support.f1,
        "support_precision": support.precision,
        "support_recall": support.recall,
    }


def _correlations(problem: Problem, matched: metrics.MeanCorrelation) -> dict[str, jax.Array]:
    """MCC over all latents, and over those that the network represents."""
    kept = matched.counted & metrics.represented(problem.dictionary)
    mean = jnp.sum(jnp.where(kept, matched.correlation, 0)) / jnp.sum(kept)
    return {"mcc": matched.mcc, "mcc_represented": mean}


def _geometry(problem: Problem) -> dict[str, jax.Array]:
    """What the dictionary is like, before anybody decodes it."""
    weights = problem.dictionary
    represented = metrics.represented(weights)
    assert problem.training_loss is not None, "both worlds train"
    return {
        "represented_fraction": jnp.mean(represented.astype(weights.dtype)),
        "coherence": metrics.coherence(weights, mask=represented),
        "dimensions_per_feature": metrics.dimensions_per_feature(weights),
        "training_loss": problem.training_loss[-1],
    }


def _guarantees(problem: Problem, density: jax.Array) -> dict[str, jax.Array]:
    """Conditions of exact recovery for the represented latents: at the mean number of active ones, and on supports.

    Shares are of the samples in which any represented latent is active.
    """
    weights, codes = problem.dictionary, problem.eval_codes[:N_SUPPORTS]
    represented = metrics.represented(weights)
    n_active = jnp.maximum(1, jnp.round(density * weights.shape[1])).astype(jnp.int32)
    conditions = metrics.support_conditions(weights, codes, mask=represented)
    some = jnp.any((codes != 0) & represented[None, :], axis=1)

    def share(coefficient: jax.Array) -> jax.Array:
        met = jnp.sum(some & (coefficient < 1)).astype(weights.dtype)
        return jnp.where(jnp.any(some), met / jnp.maximum(jnp.sum(some), 1).astype(weights.dtype), jnp.nan)

    return {
        "babel": metrics.babel_sum(weights, n_active, mask=represented),
        "babel_before": metrics.babel_sum(weights, n_active - 1, mask=represented),
        "exact_recovery_share": share(conditions.exact_recovery),
        "nonnegative_recovery_share": share(conditions.nonnegative),
    }


def check(spec: Spec) -> None:
    """The representation must be narrower than the latents are many."""
    fixed = spec.fixed
    if fixed.n_dims >= fixed.n_latents:
        raise UserError(
            f"n_dims {fixed.n_dims} must be below n_latents {fixed.n_latents}: there is no superposition else"
        )


STUDY = Study(
    name="superposition-map",
    summary="trained superposition against a random dictionary: recovery over density and noise, with theory",
    grid_type=Grid,
    fixed_type=Fixed,
    axes={
        "dictionary": Axis("world", static=True),
        "density": Axis("world"),
        "noise_std": Axis("measurement"),
    },
    methods=KNOWN | BLIND,
    presets=PRESETS,
    accepts=("coder", "trainer", "learner"),
    world=world,
    sample=sample,
    measure=measure,
    report=deferred(f"{__package__}.report"),
    check=check,
    derive=derive,
    batch_points=False,
)
