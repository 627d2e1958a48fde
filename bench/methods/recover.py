"""Runs a method of any kind on one problem."""

import contextlib
from typing import Any, NamedTuple

from jaxtyping import Array, Float, PRNGKeyArray

from bench.methods.method import PLUGGED_IN, Method
from bench.methods.plugged import blamed
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.solution import Solution


class Recovery(NamedTuple):
    """Codes of the observations, and what was fitted before (None for a coder)."""

    solution: Solution
    fit: Fit | None


def recover(
    method: Method,
    knowledge: Knowledge,
    dictionary: Float[Array, "n_dims n_latents"],
    observations: Float[Array, "n_samples n_dims"],
    training: Float[Array, "n_train n_dims"],
    train_codes: Float[Array, "n_train n_latents"],
    *,
    key: PRNGKeyArray,
) -> Recovery:
    """Codes of `observations`. A learner sees `training` alone, a trainer `train_codes` and the dictionary as well."""
    built: Any = method.build(knowledge)
    if method.kind == "coder":
        return Recovery(built(dictionary, observations, key=key), None)
    if method.kind == "trainer":
        fit = built.train(dictionary, training, train_codes, key=key)
        return Recovery(_read(method, fit, dictionary, observations), fit)
    fit = built.fit(training, n_atoms=dictionary.shape[1], key=key)
    return Recovery(_read(method, fit, fit.dictionary, observations), fit)


def _read(method: Method, fit: Fit, dictionary: Array, observations: Array) -> Solution:
    """The fit's codes. Raises UserError where it is a user's encoder that raises."""
    with blamed(method.name) if method.family == PLUGGED_IN else contextlib.nullcontext():
        return fit.encoder(dictionary, observations)
