"""Every coder and every learner on the same problems, over sparsity and noise: who recovers what, and at which cost?

The dictionary is Gaussian with unit-norm columns; exactly K latents are active, standard normal in magnitude. Coders
are given the dictionary, trainers the dictionary and samples with their codes, learners samples alone. All are told the
same (`Knowledge`): sizes, sign, K, the noise level, and the penalty and threshold that theory finds best for these.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from analysis import metrics
from analysis.theory.l1_transition import minimax_threshold
from bench.errors import UserError
from bench.methods import Method, built_in, recover
from bench.status import status_metrics
from bench.studies.recovery_zoo.parameters import PRESETS, Fixed, Grid, predicted_lasso
from bench.study import Axis, Context, Point, Spec, Study, deferred
from bench.words import suggest
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.solution import Solution, Status
from toymodels.problem import observe
from toymodels.worlds import LinearMixing

LEAST_PENALTY = 1e-4
"""Amplitudes are of order 1; a smaller penalty than this only costs iterations."""

METHODS = built_in()


def world(key: jax.Array, context: Context, values: dict) -> jax.Array:
    """A dictionary, shared by all points and methods of one trial."""
    return _mixing(context.fixed).dictionary(key)


class Sample(NamedTuple):
    """Codes and noisy observations: to learn from, and to be judged on."""

    train_codes: jax.Array
    training: jax.Array
    codes: jax.Array
    observations: jax.Array


def sample(key: jax.Array, context: Context, dictionary: jax.Array, values: dict) -> Sample:
    """Draw K-sparse codes and observe them under noise."""
    fixed, mixing = context.fixed, _mixing(context.fixed)

    def draw(key: jax.Array, n_samples: int) -> tuple[jax.Array, jax.Array]:
        code_key, noise_key = jax.random.split(key)
        codes = mixing.codes(
            code_key, n_samples=n_samples, n_active=values["n_active"], nonnegative=_nonnegative(fixed)
        )
        return codes, observe(noise_key, dictionary, codes, values["noise_std"])

    train_key, eval_key = jax.random.split(key)
    return Sample(*draw(train_key, fixed.n_train), *draw(eval_key, fixed.n_eval))


def derive(fixed: Fixed, point: Point) -> dict[str, float]:
    """The lasso's best penalty in theory."""
    penalty = predicted_lasso(fixed, int(point["n_active"]), float(point["noise_std"])).penalty
    return {"penalty": max(penalty, LEAST_PENALTY)}


def measure(
    key: jax.Array, context: Context, dictionary: jax.Array, data: Sample, values: dict, method: str
) -> dict[str, Any]:
    """Recover the codes of fresh samples by one method, and score them."""
    knowledge = _knowledge(context.fixed, values)
    found = context.plugged(method) or _of_length(METHODS[method], context.fixed)
    solution, fit = recover(
        found,
        knowledge,
        dictionary,
        data.observations,
        data.training,
        data.train_codes,
        key=jax.random.fold_in(key, 1),
    )
    scores = _scores(context.fixed, data.codes, solution.codes, matched=found.kind == "learner")
    if found.kind == "learner":
        assert fit is not None
        scores |= _of_dictionary(context.fixed, dictionary, data, fit, knowledge)
    return {**scores, **_status(solution, fit)}


def _of_length(method: Method, fixed: Fixed) -> Method:
    """The same method, with as many training steps as the study says where it is trained by gradient descent."""

    def build(knowledge: Knowledge) -> Any:
        built = method.build(knowledge)
        return replace(built, n_steps=fixed.training_steps) if hasattr(built, "n_steps") else built

    return replace(method, build=build)


def _knowledge(fixed: Fixed, values: dict) -> Knowledge:
    delta = fixed.n_dims / fixed.n_latents
    return Knowledge(
        n_dims=fixed.n_dims,
        n_latents=fixed.n_latents,
        max_active=fixed.n_dims,
        nonnegative=_nonnegative(fixed),
        n_active=values["n_active"],
        noise_std=values["noise_std"],
        penalty=values["penalty"],
        threshold=float(minimax_threshold(delta, fixed.code_sign)),
    )


def _scores(fixed: Fixed, truth: jax.Array, codes: jax.Array, *, matched: bool) -> dict[str, jax.Array]:
    """Scores of codes; where the dictionary was unknown, after the best matching and one scale per latent."""
    correlation = metrics.mean_correlation(truth, codes)
    if matched:
        codes = metrics.align(truth, codes, correlation.assignment)
    support = metrics.support_scores(truth, codes, threshold=fixed.activity_threshold)
    return {
        "nmse": metrics.nmse(truth, codes),
        "mcc": correlation.mcc,
        "support_f1": support.f1,
        "support_precision": support.precision,
        "support_recall": support.recall,
    }


def _of_dictionary(
    fixed: Fixed, dictionary: jax.Array, data: Sample, fit: Fit, knowledge: Knowledge
) -> dict[str, jax.Array]:
    """Scores of a learned dictionary apart from its encoder: its atoms, and codes that a sparse coder reads with it."""
    reader = METHODS[fixed.reader].build(knowledge)
    read = _scores(fixed, data.codes, reader(fit.dictionary, data.observations).codes, matched=True)
    similarity = metrics.dictionary_similarity(dictionary, fit.dictionary)
    return {
        "dictionary_cosine": similarity.matched_cosine,
        "read_nmse": read["nmse"],
        "read_mcc": read["mcc"],
        "read_support_f1": read["support_f1"],
    }


def _status(solution: Solution, fit: Fit | None) -> dict[str, jax.Array]:
    """How the solves ended, and whether the fit failed."""
    fitted = jnp.int32(Status.CONVERGED) if fit is None else fit.status.astype(jnp.int32)
    return {**status_metrics(solution), "fit_status": fitted}


def _mixing(fixed: Fixed) -> LinearMixing:
    return LinearMixing(n_latents=fixed.n_latents, n_dims=fixed.n_dims)


def _nonnegative(fixed: Fixed) -> bool:
    return fixed.code_sign == "nonnegative"


def check(spec: Spec) -> None:
    """No more latents can be active than observed dimensions, which are fewer than the latents."""
    fixed = spec.fixed
    if fixed.n_dims >= fixed.n_latents:
        raise UserError(f"n_dims {fixed.n_dims} must be below n_latents {fixed.n_latents}")
    coders = [name for name, method in METHODS.items() if method.kind == "coder"]
    if fixed.reader not in coders:
        raise UserError(f"reader: no coder {fixed.reader!r}; {suggest(fixed.reader, coders)}")
    for n_active in spec.grid.n_active:
        if n_active > fixed.n_dims:
            raise UserError(f"n_active {n_active} must be at most n_dims {fixed.n_dims}")


STUDY = Study(
    name="recovery-zoo",
    summary="every coder and learner on the same problems over sparsity and noise: a ranking with intervals and costs",
    grid_type=Grid,
    fixed_type=Fixed,
    axes={"n_active": Axis("measurement"), "noise_std": Axis("measurement")},
    methods={name: method.summary for name, method in METHODS.items()},
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
