"""Checks of what trains a coder on samples whose codes are known."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench.errors import UserError, said
from bench.methods import Method
from bench.precision import precision
from bench.validation.check import Check, Findings, at_most, failed, judge, skipped
from bench.validation.problems import Problem, gaussian_dictionary, generator, observe, sparse_codes
from bench.validation.subject import TOLERANCE, relative_errors
from recovery.knowledge import Knowledge

N_DIMS, N_LATENTS, N_ACTIVE, NOISE_STD = 16, 24, 2, 0.01
N_TRAIN, N_FRESH = 2000, 200
_VICTIM = 2


@dataclass(frozen=True)
class _Trained:
    codes: np.ndarray
    status: np.ndarray
    seconds: float


class _Trainer:
    """Trains on one problem and reads the observations of another."""

    def __init__(self, method: Method, name: str) -> None:
        self.method, self.name = method, name

        def train(knowledge: Knowledge, dictionary: Any, observations: Any, codes: Any, fresh: Any, key: Any) -> Any:
            fit = method.build(knowledge).train(dictionary, observations, codes, key=key)
            solution = fit.encoder(fit.dictionary, fresh)
            return solution.codes, solution.status

        self._compiled = jax.jit(train)

    def train(self, problem: Problem, fresh: Problem) -> _Trained:
        """Raises UserError, naming the method, where it raises or returns no codes."""
        with precision(self.name):
            given = (problem.dictionary, problem.observations, problem.codes, fresh.observations)
            start = time.perf_counter()
            try:
                arrays = (jnp.asarray(array, self.name) for array in given)
                found = jax.block_until_ready(self._compiled(problem.knowledge, *arrays, jax.random.key(0)))
                codes, status = (np.asarray(array) for array in found)
            except UserError:
                raise
            except Exception as error:
                raise UserError(f"method {self.method.name} raised {said(error)}") from None
        shape = (len(fresh.observations), N_LATENTS)
        if codes.shape != shape:
            raise UserError(f"method {self.method.name} returned codes of shape {codes.shape}; it is {shape} here")
        return _Trained(codes, status, time.perf_counter() - start)


def check_training(method: Method, name: str, *, seed: int, quick: bool) -> list[tuple[str, Callable[[], Findings]]]:
    """The families of checks, to be run in order; they share one problem."""
    trainer = _Trainer(method, name)
    problem, fresh = _problem(seed, N_TRAIN, "training"), _problem(seed, N_FRESH, "training fresh")
    base: list[_Trained] = []

    def first() -> _Trained:
        if not base:
            base.append(trainer.train(problem, fresh))
        return base[0]

    return [
        ("contract", lambda: Findings([_contract(first())])),
        ("fresh samples", lambda: Findings([_fresh(first(), problem, fresh)])),
        ("edges", lambda: Findings(_edges(trainer, first(), problem, fresh))),
        ("determinism", lambda: Findings([_repeat(trainer, first(), problem, fresh)])),
        ("speed", lambda: Findings([_speed(trainer.train(problem, fresh))])),
    ]


def _problem(seed: int, n_samples: int, name: str) -> Problem:
    dictionary = gaussian_dictionary(generator(seed, "training dictionary"), N_DIMS, N_LATENTS)
    rng = generator(seed, name)
    codes = sparse_codes(rng, n_samples, N_LATENTS, N_ACTIVE)
    return observe(rng, dictionary, codes, n_active=N_ACTIVE, noise_std=NOISE_STD)


def _contract(found: _Trained) -> Check:
    lost = int(np.sum(~np.all(np.isfinite(found.codes), axis=1)))
    return judge("contract", lost == 0, lost, 0, f"{lost} of {len(found.codes)} codes of fresh samples are not finite.")


def _fresh(found: _Trained, problem: Problem, fresh: Problem) -> Check:
    """Against the best linear map and the mean code, both from the same training samples."""
    map_, *_ = np.linalg.lstsq(problem.observations, problem.codes, rcond=None)
    energy = np.sum(fresh.codes**2)
    linear = float(np.sum((fresh.observations @ map_ - fresh.codes) ** 2) / energy)
    prior = float(np.sum((problem.codes.mean(axis=0) - fresh.codes) ** 2) / energy)
    error = float(np.sum((found.codes.astype(float) - fresh.codes) ** 2) / energy)
    bound = min(linear, prior)
    return judge(
        "fresh samples",
        error < bound,
        error,
        bound,
        f"normalised squared error {error:.3f} of {N_FRESH} fresh samples, below {bound:.3f}: the best linear map has "
        f"{linear:.3f} and the mean code {prior:.3f}, from the same {N_TRAIN} training samples (M = {N_DIMS}, N = "
        f"{N_LATENTS}, K = {N_ACTIVE}, noise {NOISE_STD:g}).",
    )


def _edges(trainer: _Trainer, first: _Trained, problem: Problem, fresh: Problem) -> list[Check]:
    alone = trainer.train(problem, fresh.take(slice(0, 1)))
    bound = TOLERANCE[trainer.name]
    moved = float(relative_errors(first.codes[:1].astype(float), alone.codes)[0])
    checks = [
        at_most(
            "independence of samples", moved, bound, f"a sample read alone moves by {moved:.1e} (at most {bound:g})."
        ),
    ]
    observations = fresh.observations.copy()
    observations[_VICTIM, 1], observations[_VICTIM + 1] = np.nan, 0
    name = "edge, nan in one sample"
    try:
        found = trainer.train(problem, replace(fresh, observations=observations))
    except UserError as error:
        return [*checks, failed(name, f"{error}; numbers must never raise")]
    told = bool(np.all(np.isnan(found.codes[_VICTIM])))
    others = ~np.isin(np.arange(N_FRESH), (_VICTIM, _VICTIM + 1))
    moved = float(np.max(relative_errors(first.codes[others].astype(float), found.codes[others])))
    finite = bool(np.all(np.isfinite(found.codes[_VICTIM + 1])))
    return [
        *checks,
        judge(
            name,
            told and moved <= bound,
            moved,
            bound,
            f"its own codes are {'NaN' if told else 'finite, as if nothing were wrong'}; those of the others move by "
            f"at most {moved:.1e}.",
        ),
        judge("edge, zero observation", finite, None, None, f"its codes are {'finite' if finite else 'not finite'}."),
        skipped("edge, one training sample", "training on one sample says nothing"),
    ]


def _repeat(trainer: _Trainer, first: _Trained, problem: Problem, fresh: Problem) -> Check:
    again = trainer.train(problem, fresh)
    same = bool(np.array_equal(first.codes, again.codes, equal_nan=True))
    moved = float(np.max(relative_errors(first.codes.astype(float), again.codes)))
    said_ = "gives the same bits" if same else f"differs by {moved:.1e}"
    return judge("determinism", same, moved, 0, f"training twice with the same key {said_}.")


def _speed(found: _Trained) -> Check:
    reason = f"{found.seconds:.2g} s to train on {N_TRAIN} samples, without compiling. For information: it never fails."
    return judge("speed", True, found.seconds, None, reason)
