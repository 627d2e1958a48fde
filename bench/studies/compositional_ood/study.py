"""Combinations never seen together: which methods still read the latents right, and which find the dictionary?

The protocol of Barin Pacela et al. (2026, arXiv 2603.28744). Exactly K latents are active, uniform on [0, 1]; latent 0
meets one half of the others in distribution, and the other half out of distribution. A Gaussian dictionary with unit
columns takes them to M = ceil(2 K ln(N / K)) dimensions. Half of the samples are to learn from; scores are of fresh
ones, in and out of distribution. Oracles are given the true dictionary, or true codes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from analysis import metrics
from bench.errors import UserError
from bench.methods import Method, built_in, recover
from bench.status import status_metrics
from bench.studies.compositional_ood.label import accuracy, best_latent_auc
from bench.studies.compositional_ood.parameters import PRESETS, Fixed, Grid, n_dims_of
from bench.study import Axis, Context, Spec, Study, deferred
from recovery.coders import Fista
from recovery.knowledge import Knowledge
from recovery.learners import AlternatingMod, SoftplusAdam
from recovery.solution import Status
from toymodels.latents import compositional
from toymodels.mixing import gaussian_dictionary

_OWN = built_in()
_ROOT_MEAN_SQUARE = 3**-0.5


def _fista_oracle(knowledge: Knowledge) -> Fista:
    return Fista(penalty=knowledge.penalty, nonnegative=True)


def _dl_fista(knowledge: Knowledge) -> AlternatingMod:
    """A constant penalty, a random start and no replacement, as published; the penalty in the learner's units."""
    scale = knowledge.magnitude * jnp.sqrt(knowledge.n_active)
    penalty = knowledge.penalty / scale
    return AlternatingMod(
        n_rounds=100, n_code_steps=20, start="random", replace_every=0, penalty_start=penalty, penalty_end=penalty
    )


def _softplus_adam(knowledge: Knowledge) -> SoftplusAdam:
    return SoftplusAdam(penalty=knowledge.penalty / (knowledge.magnitude * jnp.sqrt(knowledge.n_active)))


METHODS: dict[str, Method] = {
    "fista-oracle": Method("fista-oracle", "the lasso with the true dictionary", "coder", _fista_oracle),
    "linear-probe": replace(_OWN["linear-probe"], summary="ridge regression from observations to the true codes"),
    **{name: _OWN[name] for name in ("relu-sae", "topk-sae", "jump-relu-sae", "matching-pursuit-sae")},
    "softplus-adam": Method("softplus-adam", SoftplusAdam.summary, "learner", _softplus_adam),
    "dl-fista": Method("dl-fista", "FISTA codes and MOD in turn, penalty constant, random start", "learner", _dl_fista),
    **{name: _OWN[name] for name in ("alternating-mod", "bilinear-amp")},
}


def world(key: jax.Array, context: Context, values: dict) -> jax.Array:
    """A dictionary."""
    n_latents, n_active = int(context.static["n_latents"]), int(context.static["n_active"])
    return gaussian_dictionary(key, n_dims=n_dims_of(n_latents, n_active), n_latents=n_latents)


class Sample(NamedTuple):
    """Codes to learn from, and fresh ones in and out of distribution; observations have no noise."""

    train: jax.Array
    iid: jax.Array
    ood: jax.Array


def sample(key: jax.Array, context: Context, dictionary: jax.Array, values: dict) -> Sample:
    """Draw the codes: half of the samples for each."""
    half = int(context.static["n_samples"]) // 2

    def draw(key: jax.Array, out: bool) -> jax.Array:
        return compositional(
            key,
            n_samples=half,
            n_latents=dictionary.shape[1],
            n_active=int(context.static["n_active"]),
            out_of_distribution=out,
        )

    train_key, iid_key, ood_key = jax.random.split(key, 3)
    return Sample(draw(train_key, False), draw(iid_key, False), draw(ood_key, True))


def measure(
    key: jax.Array, context: Context, dictionary: jax.Array, data: Sample, values: dict, method: str
) -> dict[str, Any]:
    """Codes of fresh samples by one method; how well a label is read from them, and what they share with the truth."""
    fixed = context.fixed
    found = context.plugged(method) or _of_length(METHODS[method], fixed)
    n_iid = data.iid.shape[0]
    observations = jnp.concatenate([data.iid, data.ood]) @ dictionary.T
    solution, fit = recover(
        found,
        _knowledge(context, dictionary),
        dictionary,
        observations,
        data.train @ dictionary.T,
        data.train,
        key=jax.random.fold_in(key, 1),
    )
    iid, ood = solution.codes[:n_iid], solution.codes[n_iid:]
    labels = [codes[:, 0] > fixed.label_threshold for codes in (data.iid, data.ood)]
    acc, auc = (score(iid, labels[0], ood, labels[1]) for score in (accuracy, best_latent_auc))
    scores = {"acc_iid": acc.iid, "acc_ood": acc.ood, "auc_iid": auc.iid, "auc_ood": auc.ood}
    scores |= _correlations(jax.random.fold_in(key, 2), jnp.stack([data.iid, data.ood]), jnp.stack([iid, ood]))
    if found.kind == "learner":
        assert fit is not None
        scores["dictionary_cosine"] = metrics.dictionary_similarity(dictionary, fit.dictionary).matched_cosine
    fitted = jnp.int32(Status.CONVERGED) if fit is None else fit.status.astype(jnp.int32)
    return {**scores, **status_metrics(solution), "fit_status": fitted}


def _correlations(key: jax.Array, truth: jax.Array, codes: jax.Array) -> dict[str, jax.Array]:
    """MCC on both splits, and that of the codes with their samples in a random order: its chance level.

    One after the other, so that the matching, which takes longest to compile, is compiled once.
    """
    shuffled = jax.random.permutation(key, codes, axis=1)
    pairs = jnp.concatenate([truth, truth]), jnp.concatenate([codes, shuffled])
    found = jax.lax.map(lambda pair: metrics.mean_correlation(*pair).mcc, pairs)
    return dict(zip(("mcc_iid", "mcc_ood", "mcc_chance_iid", "mcc_chance_ood"), found, strict=True))


def _of_length(method: Method, fixed: Fixed) -> Method:
    """The same method, with as many training steps as the study says where it is trained by gradient descent."""
    build: Callable[[Knowledge], Any] = method.build

    def built(knowledge: Knowledge) -> Any:
        one = build(knowledge)
        return replace(one, n_steps=fixed.training_steps) if hasattr(one, "n_steps") else one

    return replace(method, build=built)


def _knowledge(context: Context, dictionary: jax.Array) -> Knowledge:
    n_dims, n_latents = dictionary.shape
    return Knowledge(
        n_dims=n_dims,
        n_latents=n_latents,
        max_active=int(context.static["n_active"]),
        nonnegative=True,
        n_active=int(context.static["n_active"]),
        magnitude=_ROOT_MEAN_SQUARE,
        penalty=context.fixed.penalty,
    )


def check(spec: Spec) -> None:
    """K latents must fit into one half of the others, and dimensions must be fewer than latents."""
    for n_latents in spec.grid.n_latents:
        for n_active in spec.grid.n_active:
            if n_active > 1 + (n_latents - 1) // 2:
                raise UserError(f"n_active {n_active} is more than half of n_latents {n_latents}")
            n_dims = n_dims_of(n_latents, n_active)
            if not n_active < n_dims < n_latents:
                raise UserError(
                    f"n_active {n_active} of n_latents {n_latents} makes n_dims {n_dims}, which must lie between them"
                )


STUDY = Study(
    name="compositional-ood",
    summary="combinations of latents never seen together, and dictionaries at scale: the published protocol and ours",
    grid_type=Grid,
    fixed_type=Fixed,
    axes={
        "n_latents": Axis("world", static=True),
        "n_active": Axis("world", static=True),
        "n_samples": Axis("measurement", static=True),
    },
    methods={name: method.summary for name, method in METHODS.items()},
    presets=PRESETS,
    accepts=("coder", "trainer", "learner"),
    world=world,
    sample=sample,
    measure=measure,
    report=deferred(f"{__package__}.report"),
    check=check,
    batch_points=False,
)
