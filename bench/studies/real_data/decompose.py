"""A method's features of some data: the data themselves, or the codes of a dictionary learned from others."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bench.methods import Method, built_in
from bench.status import status_metrics
from bench.studies.real_data.parameters import Fixed
from bench.study import Context
from recovery.coders.l1.lasso_coder import LassoCoder
from recovery.encoders.one_pass import one_pass_solution
from recovery.knowledge import Knowledge
from recovery.solution import Status

RAW = "raw"

LEARNERS = {name: method for name, method in built_in().items() if method.kind == "learner"}

_UNMIXING = ("pca", "fast-ica")
"""Their codes are linear in the data: cut off at 0 they would lose half of it."""
_TOLERANCE, _MOST_ITERATIONS = 1e-3, 500


class Decomposition(NamedTuple):
    """Features, one a column, and the directions they stand for; `status` says how solves and fit ended."""

    dictionary: Float[Array, "n_dims n_atoms"]
    features: Float[Array, "n_samples n_atoms"]
    status: dict[str, Any]


def decompose(
    key: PRNGKeyArray,
    context: Context,
    method: str,
    training: Float[Array, "n_train n_dims"],
    data: Float[Array, "n_samples n_dims"],
    *,
    n_atoms: int,
    nonnegative: bool,
) -> Decomposition:
    """Fit the method's dictionary to `training` alone, and read the codes of `data` with its encoder.

    Raw data are their own features, filled up with zeros to `n_atoms` as principal components are.
    """
    if method == RAW:
        n_dims = training.shape[1]
        identity = jnp.eye(n_dims, max(n_dims, n_atoms), dtype=training.dtype)
        data = jnp.pad(data, ((0, 0), (0, identity.shape[1] - n_dims)))
        solution, fitted = one_pass_solution(identity, data[:, :n_dims], data), Status.CONVERGED
        return Decomposition(identity, data, {**status_metrics(solution), "fit_status": jnp.int32(fitted)})
    fixed: Fixed = context.fixed
    knowledge = Knowledge(
        n_dims=training.shape[1],
        n_latents=n_atoms,
        max_active=min(training.shape[1], n_atoms),
        nonnegative=nonnegative and method not in _UNMIXING,
        n_active=fixed.n_active,  # pyright: ignore[reportArgumentType]
        exact=False,
    )
    learner = _of_length((context.plugged(method) or LEARNERS[method]), knowledge, fixed)
    fit = learner.fit(training, n_atoms=n_atoms, key=key)
    solution = _reader(fit.encoder, fixed)(fit.dictionary, data)
    features = jnp.nan_to_num(solution.codes)
    return Decomposition(
        fit.dictionary, features, {**status_metrics(solution), "fit_status": fit.status.astype(jnp.int32)}
    )


def _of_length(method: Method, knowledge: Knowledge, fixed: Fixed) -> Any:
    """The learner, with as many steps or rounds as the study says."""
    learner: Any = method.build(knowledge)
    if hasattr(learner, "n_steps"):
        return replace(learner, n_steps=fixed.learner_steps)
    return replace(learner, n_rounds=fixed.learner_rounds) if hasattr(learner, "n_rounds") else learner


def _reader(encoder: Any, fixed: Fixed) -> Any:
    """Lasso encoders read all at the study's penalty, and no more exactly than pictures need."""
    if not isinstance(encoder, LassoCoder):
        return encoder
    settings = {"penalty": None, "penalty_fraction": fixed.penalty_fraction}
    return replace(encoder, **settings, tolerance=_TOLERANCE, max_iterations=_MOST_ITERATIONS)


def explained(
    data: Float[Array, "n_samples n_dims"],
    dictionary: Float[Array, "n_dims n_atoms"],
    features: Float[Array, "n_samples n_atoms"],
) -> tuple[Float[Array, ""], Float[Array, "n_samples n_dims"]]:
    """The share of the data's variance in D z, whatever the offset; and what is left, centred."""
    left = data - features @ dictionary.T
    left = left - jnp.mean(left, axis=0)[None, :]
    variance = jnp.sum((data - jnp.mean(data, axis=0)[None, :]) ** 2)
    return 1 - jnp.sum(left**2) / variance, left


def density(features: Float[Array, "n_samples n_atoms"]) -> dict[str, jax.Array]:
    """Mean number of active features per sample, and the share of features that are active on none."""
    active = features != 0
    return {
        "n_active": jnp.mean(jnp.sum(active, axis=1, dtype=features.dtype)),
        "dead": jnp.mean(~jnp.any(active, axis=0), dtype=features.dtype),
    }
