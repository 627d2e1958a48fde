"""The coder under test."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bench.errors import UserError, said
from bench.methods import Method, collected_faults
from bench.precision import precision
from bench.validation.problems import Problem
from recovery.solution import Solution, Status

TOLERANCE = {"float64": 1e-2, "float32": 3e-2}
"""Relative distance within which two codes are the same: solvers stop at a relative gap of 1e-5 or so, and codes move
by the square root of it; in float32 that gap is 1e-4."""


@dataclass(frozen=True)
class Answer:
    """Codes and statuses as NumPy arrays."""

    codes: np.ndarray
    status: np.ndarray


class Coder:
    """Calls the method as studies do: compiled, with the numbers it is told traced, in the precision asked for."""

    def __init__(self, method: Method, *, precision: str) -> None:
        self.method, self.precision = method, precision
        self.tolerance = TOLERANCE[precision]
        self._compiled = jax.jit(
            lambda knowledge, dictionary, observations, key: method.build(knowledge)(dictionary, observations, key=key)
        )

    def solve(self, problem: Problem, *, key: int = 0, precision_of: str | None = None) -> Answer:
        """Raises UserError, naming the method, where it raises or its answer is none."""
        name = precision_of or self.precision
        with precision(name), collected_faults() as faults:
            arrays = (jnp.asarray(a, name) for a in (problem.dictionary, problem.observations))
            try:
                solution = self._compiled(problem.knowledge, *arrays, jax.random.key(key))
                answer = Answer(np.asarray(solution.codes), np.asarray(solution.status))
            except UserError:
                raise
            except Exception as error:
                raise UserError(f"method {self.method.name} raised {said(error)}") from None
        if faults:
            raise UserError(faults[0])
        self._check(solution, problem)
        return answer

    def attempt(self, problem: Problem, *, key: int = 0) -> Answer | str:
        """The answer, or what was raised: for input on which raising is a failed check and no broken contract."""
        try:
            return self.solve(problem, key=key)
        except UserError as error:
            return str(error)

    def _check(self, solution: Any, problem: Problem) -> None:
        shape = (len(problem.observations), problem.dictionary.shape[1])
        if not isinstance(solution, Solution) or np.shape(solution.codes) != shape:
            raise UserError(f"method {self.method.name} returned no codes of shape {shape}")
        for name in ("status", "iterations", "residual"):
            found = np.shape(getattr(solution, name))
            if found != shape[:1]:
                raise UserError(f"method {self.method.name} returned {name} of shape {found}; it is {shape[:1]} here")


def relative_errors(truth: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """||z^ - z|| / ||z|| of each sample; inf where the codes are not finite, and where z alone is 0."""
    error, size = np.linalg.norm(codes.astype(float) - truth, axis=1), np.linalg.norm(truth, axis=1)
    relative = np.where(size > 0, error / np.where(size > 0, size, 1), np.where(error == 0, 0, np.inf))
    return np.where(np.isfinite(relative), relative, np.inf)


def misfits(problem: Problem, codes: np.ndarray) -> np.ndarray:
    """||y - A z|| / ||y|| of each sample; inf where the codes are not finite."""
    return relative_errors(problem.observations, codes.astype(float) @ problem.dictionary.T)


def insane_statuses(answer: Answer) -> int:
    """Samples whose status is none, or that say NON_FINITE of finite codes or anything else of others."""
    finite = np.all(np.isfinite(answer.codes), axis=1)
    known = np.isin(answer.status, [status.value for status in Status])
    return int(np.sum(~known | (finite == (answer.status == Status.NON_FINITE))))
