"""Checks of what learns a dictionary from observations alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from analysis.metrics import dictionary_similarity, mean_correlation
from analysis.theory import dictionary_chance
from bench.errors import UserError, said
from bench.methods import Method, built_in, collected_faults
from bench.precision import precision
from bench.validation.check import Check, Findings, at_most, failed, judge
from bench.validation.problems import Problem, gaussian_dictionary, generator, observe, sparse_codes
from recovery.knowledge import Knowledge
from recovery.solution import Status

N_DIMS, N_ATOMS, N_ACTIVE, NOISE_STD = 16, 24, 2, 0.01
N_SAMPLES, FEWER, N_FRESH = 1200, 400, 200
BESIDE = "alternating-mod"
NEAR = 0.08
"""How much a recovery may change where nothing that matters has: another order of samples leads a learner that starts
from samples to another local optimum, in which an atom or two of 24 may be lost."""


@dataclass(frozen=True)
class _Learned:
    dictionary: np.ndarray
    codes: np.ndarray
    status: int
    seconds: float


class _Learner:
    """Fits, and reads fresh samples; compiled once for each shape.

    `nonnegative` says that it keeps codes >= 0, though told that they are signed: it is then judged on codes that are.
    """

    def __init__(self, method: Method, name: str) -> None:
        self.method, self.name, self.nonnegative = method, name, False

        def fit(knowledge: Knowledge, observations: jax.Array, fresh: jax.Array, key: jax.Array) -> Any:
            found = method.build(knowledge).fit(observations, n_atoms=N_ATOMS, key=key)
            return found.dictionary, found.encoder(found.dictionary, fresh).codes, found.status

        self._compiled = jax.jit(fit)

    def fit(self, problem: Problem, fresh: Problem, *, key: int = 0) -> _Learned:
        """Raises UserError, naming the method, where it raises."""
        with precision(self.name), collected_faults() as faults:
            arrays = (jnp.asarray(a, self.name) for a in (problem.observations, fresh.observations))
            start = time.perf_counter()
            try:
                found = jax.block_until_ready(self._compiled(problem.knowledge, *arrays, jax.random.key(key)))
                seconds = time.perf_counter() - start
                dictionary, codes, status = (np.asarray(array) for array in found)
            except UserError:
                raise
            except Exception as error:
                raise UserError(f"method {self.method.name} raised {said(error)}") from None
        if faults:
            raise UserError(faults[0])
        if dictionary.shape != (N_DIMS, N_ATOMS):
            raise UserError(f"method {self.method.name} returned a dictionary of shape {dictionary.shape}")
        return _Learned(dictionary, codes, int(status), seconds)

    def attempt(self, problem: Problem, fresh: Problem) -> _Learned | str:
        """The fit, or what was raised."""
        try:
            return self.fit(problem, fresh)
        except UserError as error:
            return str(error)


def check_learning(method: Method, name: str, *, seed: int, quick: bool) -> list[tuple[str, Callable[[], Findings]]]:
    """The families of checks, to be run in order; all share one easy problem and its fit."""
    learner = _Learner(method, name)
    found = learner.fit(_problem(seed, 0), _fresh(seed, 0))
    if np.min(found.codes) >= 0:
        learner.nonnegative = True
    problem, fresh = _problem(seed, 0, learner.nonnegative), _fresh(seed, 0, learner.nonnegative)
    base = [] if learner.nonnegative else [found]

    def first() -> _Learned:
        if not base:
            base.append(learner.fit(problem, fresh))
        return base[0]

    return [
        ("contract", lambda: Findings([_contract(first())])),
        ("recovery", lambda: _recovery(learner, name, seed, 2 if quick else 5)),
        ("samples", lambda: Findings(_samples(learner, first(), problem, fresh, seed))),
        ("edges", lambda: Findings(_edges(learner, problem, fresh))),
        ("determinism", lambda: Findings(_repeat(learner, first(), problem, fresh))),
        ("speed", lambda: _speed(learner, problem, fresh, name)),
    ]


def _problem(
    seed: int, index: int, nonnegative: bool = False, *, n_samples: int = N_SAMPLES, name: str = "learning"
) -> Problem:
    dictionary = gaussian_dictionary(generator(seed, f"learning dictionary {index}"), N_DIMS, N_ATOMS)
    rng = generator(seed, f"{name} {index}")
    codes = sparse_codes(rng, n_samples, N_ATOMS, N_ACTIVE, nonnegative=nonnegative)
    return observe(rng, dictionary, codes, n_active=N_ACTIVE, noise_std=NOISE_STD, nonnegative=nonnegative)


def _fresh(seed: int, index: int, nonnegative: bool = False) -> Problem:
    return _problem(seed, index, nonnegative, n_samples=N_FRESH, name="learning fresh")


def _cosine(problem: Problem, dictionary: np.ndarray) -> float:
    """Mean |cosine| of matched atoms; 0 for a dictionary that is not finite."""
    if not np.all(np.isfinite(dictionary)):
        return 0.0
    truth, found = jnp.asarray(problem.dictionary, float), jnp.asarray(dictionary, float)
    return float(dictionary_similarity(truth, found).matched_cosine)


def _contract(found: _Learned) -> Check:
    finite = bool(np.all(np.isfinite(found.dictionary)))
    norms = np.linalg.norm(found.dictionary, axis=0) if finite else np.zeros(N_ATOMS)
    dead, sane = int(np.sum(norms == 0)), found.status in {status.value for status in Status}
    return judge(
        "contract",
        finite and dead == 0 and sane and found.status != Status.NON_FINITE,
        dead,
        0,
        f"the dictionary ({N_DIMS}, {N_ATOMS}) is {'finite' if finite else 'not finite'}, {dead} atoms are zero, the "
        f"status is {Status(found.status).name if sane else found.status}.",
    )


def _recovery(learner: _Learner, name: str, seed: int, n_dictionaries: int) -> Findings:
    others = {
        label: _Learner(built_in()[label], name) for label in (BESIDE, "unrelated") if label != learner.method.name
    }
    records = []
    for i in range(n_dictionaries):
        problem, fresh = _problem(seed, i, learner.nonnegative), _fresh(seed, i, learner.nonnegative)
        for label, one in {learner.method.name: learner, **others}.items():
            found = one.fit(problem, fresh)
            codes = jnp.asarray(found.codes, float)
            mcc = mean_correlation(jnp.asarray(fresh.codes, float), codes).mcc if np.all(np.isfinite(codes)) else 0.0
            records.append({"method": label, "cosine": _cosine(problem, found.dictionary), "mcc": float(mcc)})
    table = pd.DataFrame.from_records(records)
    means = table.groupby("method", sort=False)[["cosine", "mcc"]].mean()
    chance = dictionary_chance(N_DIMS, N_ATOMS, N_ATOMS, seed=seed)
    cosine, mcc = (float(means[column][learner.method.name]) for column in ("cosine", "mcc"))
    bound = 0.5 * (1 + chance.mean)
    beside = float(means["cosine"].get(BESIDE, cosine))
    floor = float(means["mcc"].get("unrelated", mcc))
    mcc_bound = 0.5 * (1 + floor)
    checks = [
        judge(
            "recovery of the dictionary",
            cosine >= bound,
            cosine,
            bound,
            f"mean |cosine| of matched atoms {cosine:.3f}, at least {bound:.3f}: half way from chance "
            f"({chance.mean:.3f} ± {chance.se:.3f}) to 1; {BESIDE} reaches {beside:.3f}. M = {N_DIMS}, N = {N_ATOMS}, "
            f"K = {N_ACTIVE}, {N_SAMPLES} samples, noise {NOISE_STD:g}, {n_dictionaries} dictionaries.",
        ),
        judge(
            "codes of fresh samples",
            mcc >= mcc_bound,
            mcc,
            mcc_bound,
            f"mean correlation with the true codes {mcc:.3f}, at least {mcc_bound:.3f}: half way from what an unrelated"
            f" dictionary gives ({floor:.3f}) to 1; {N_FRESH} samples that were not seen, read by the fit's encoder; "
            f"the true codes are {'>= 0, as the method keeps them so' if learner.nonnegative else 'signed'}.",
        ),
    ]
    return Findings(checks, {"recovery": means.reset_index()})


def _samples(learner: _Learner, first: _Learned, problem: Problem, fresh: Problem, seed: int) -> list[Check]:
    cosine = _cosine(problem, first.dictionary)
    few = learner.fit(problem.take(slice(0, FEWER)), fresh)
    fewer = _cosine(problem, few.dictionary)
    checks = [
        at_most(
            "more samples",
            fewer - cosine,
            NEAR,
            f"|cosine| {cosine:.3f} of {N_SAMPLES} samples and {fewer:.3f} of the first {FEWER}: more must not lose "
            f"more than {NEAR:g}, two atoms of {N_ATOMS}.",
        )
    ]
    for factor in (100.0, 0.01):
        k = problem.knowledge
        numbers = {name: factor * float(getattr(k, name)) for name in ("noise_std", "magnitude", "penalty")}
        scaled = replace(problem, observations=factor * problem.observations, knowledge=replace(k, **numbers))
        checks.append(_same(learner, scaled, fresh, problem, cosine, f"scale of the observations, {factor:g}"))
    order = generator(seed, "learning order").permutation(N_SAMPLES)
    checks.append(_same(learner, problem.take(order), fresh, problem, cosine, "order of the samples"))
    return checks


def _same(learner: _Learner, changed: Problem, fresh: Problem, problem: Problem, cosine: float, name: str) -> Check:
    found = learner.attempt(changed, fresh)
    if isinstance(found, str):
        return failed(name, found)
    now = _cosine(problem, found.dictionary)
    return at_most(
        name,
        abs(now - cosine),
        NEAR,
        f"|cosine| {now:.3f}, and {cosine:.3f} before the change: they may differ by {NEAR:g}, two atoms of {N_ATOMS}.",
    )


def _edges(learner: _Learner, problem: Problem, fresh: Problem) -> list[Check]:
    zero = replace(problem, observations=0 * problem.observations)
    broken = problem.observations.copy()
    broken[2, 1] = np.nan
    checks = [
        _finite(learner, problem.take(slice(0, 1)), fresh, "edge, one sample"),
        _finite(learner, zero, fresh, "edge, zero observations"),
    ]
    name = "edge, nan in one sample"
    found = learner.attempt(replace(problem, observations=broken), fresh)
    if isinstance(found, str):
        return [*checks, failed(name, f"{found}; numbers must never raise")]
    finite = bool(np.all(np.isfinite(found.dictionary)))
    honest = finite or found.status == Status.NON_FINITE
    return [
        *checks,
        judge(
            name,
            honest,
            None,
            None,
            f"the dictionary is {'finite' if finite else 'not finite'} and the status {Status(found.status).name}: "
            "numbers that are not finite must be said, not raised.",
        ),
    ]


def _finite(learner: _Learner, problem: Problem, fresh: Problem, name: str) -> Check:
    found = learner.attempt(problem, fresh)
    if isinstance(found, str):
        return failed(name, found)
    bad = int(np.sum(~np.isfinite(found.dictionary)))
    return judge(
        name, bad == 0, bad, 0, f"{bad} entries of the dictionary are not finite; nothing can be learned here."
    )


def _repeat(learner: _Learner, first: _Learned, problem: Problem, fresh: Problem) -> list[Check]:
    again = learner.fit(problem, fresh)
    same = np.array_equal(first.dictionary, again.dictionary, equal_nan=True)
    moved = float(np.max(np.abs(first.dictionary - again.dictionary)))
    other = learner.fit(problem, fresh, key=1)
    cosine, now = _cosine(problem, first.dictionary), _cosine(problem, other.dictionary)
    return [
        judge(
            "determinism",
            bool(same),
            moved,
            0,
            f"the same key {'gives the same bits' if same else f'differs by {moved:.1e}'}.",
        ),
        at_most(
            "another key",
            abs(now - cosine),
            2 * NEAR,
            f"|cosine| {now:.3f} with another key, {cosine:.3f} with the first: they may differ by {2 * NEAR:g}.",
        ),
    ]


def _speed(learner: _Learner, problem: Problem, fresh: Problem, name: str) -> Findings:
    records = []
    for label in dict.fromkeys((learner.method.name, BESIDE)):
        one = learner if label == learner.method.name else _Learner(built_in()[label], name)
        one.fit(problem, fresh)
        records.append({"method": label, "seconds": one.fit(problem, fresh).seconds})
    table = pd.DataFrame.from_records(records)
    own, other = float(table["seconds"].iloc[0]), float(table["seconds"].iloc[-1])
    reason = (
        f"{own:.2g} s for {N_SAMPLES} samples, {own / other:.2g} times {BESIDE}'s. For information: it never fails."
    )
    return Findings([judge("speed", True, own / other, None, reason)], {"speed": table})
