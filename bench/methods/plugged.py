"""A user's coder or learner behind the contract: JAX inside the compiled program, NumPy through a call to the host."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bench.errors import UserError, said
from recovery.coder import ResidualKind
from recovery.coders.l1 import Sparsa
from recovery.encoders.one_pass import one_pass_solution
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.learners.start import fit_status, random_atoms, unit_columns
from recovery.solution import Solution

_UNSAID = -1
"""The status of samples of which a coder on the host says nothing but codes."""

_faults: list[str] = []


@contextlib.contextmanager
def collected_faults() -> Iterator[list[str]]:
    """What methods on the host raised or returned wrongly meanwhile, a line each; their codes were NaN."""
    _faults.clear()
    found: list[str] = []
    yield found
    found.extend(dict.fromkeys(_faults))
    _faults.clear()


class _HostAnswer(NamedTuple):
    """A `Solution` on its way from the host."""

    codes: Any
    iterations: Any
    residual: Any
    status: Any


@partial(jax.tree_util.register_dataclass, data_fields=["knowledge"], meta_fields=["call", "name", "host"])
@dataclass(frozen=True)
class PluggedCoder:
    """A coder of a user. It may return a `Solution`, or codes alone, whose residual is then ||y - A z|| / ||y||."""

    call: Callable[[Any, Any, Knowledge, Any], Any]
    name: str
    host: bool
    knowledge: Knowledge

    summary: ClassVar[str] = "plugged in"
    residual_kind: ClassVar[ResidualKind] = "relative_residual"

    def __call__(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Solution:
        key = jax.random.key(0) if key is None else key
        if not self.host:
            return self.raw(dictionary, observations, key)
        n_samples, dtype = observations.shape[0], observations.dtype
        form = _HostAnswer(
            jax.ShapeDtypeStruct((n_samples, dictionary.shape[1]), dtype),
            jax.ShapeDtypeStruct((n_samples,), jnp.int32),
            jax.ShapeDtypeStruct((n_samples,), dtype),
            jax.ShapeDtypeStruct((n_samples,), jnp.int32),
        )
        numbers, rebuild = jax.tree.flatten(self.knowledge)

        def on_host(dictionary: Any, observations: Any, words: Any, *numbers: Any) -> _HostAnswer:
            told = replace(self, knowledge=_concrete(rebuild, numbers))
            try:
                return told.on_host(np.array(dictionary), np.array(observations), np.array(words))
            except (Exception, SystemExit) as error:
                _faults.append(f"method {self.name} raised {said(error)}")
                return _unsaid(np.full(form.codes.shape, np.nan, dtype))

        answer: Solution = jax.pure_callback(
            on_host, form, dictionary, observations, jax.random.key_data(key), *numbers, vmap_method="sequential"
        )
        judged = one_pass_solution(dictionary, observations, answer.codes)
        unsaid: jax.Array = answer.status == _UNSAID
        return Solution(
            judged.codes,
            jnp.where(unsaid, judged.iterations, answer.iterations),
            jnp.where(unsaid, judged.residual, answer.residual),
            jnp.where(unsaid, judged.status, answer.status),
        )

    def raw(self, dictionary: Any, observations: Any, key: Any) -> Solution:
        """The JAX coder's answer as a `Solution`. Raises UserError where it raises, or its answer is no codes."""
        with blamed(self.name):
            answer = self.call(dictionary, observations, self.knowledge, key)
            codes = answer.codes if isinstance(answer, Solution) else answer
            _check_shape(codes, (observations.shape[0], dictionary.shape[1]), "codes", "(n_samples, n_latents)")
        if isinstance(answer, Solution):
            return answer
        return one_pass_solution(dictionary, observations, jnp.asarray(codes, observations.dtype))

    def on_host(self, dictionary: np.ndarray, observations: np.ndarray, key: np.ndarray | None = None) -> _HostAnswer:
        """The NumPy coder's answer; where it says nothing but codes the status is `_UNSAID`.

        Raises whatever it raises, and TypeError where its answer is no array of codes.
        """
        answer = self.call(dictionary, observations, self.knowledge, key)
        shape, dtype = (observations.shape[0], dictionary.shape[1]), observations.dtype
        if not isinstance(answer, Solution):
            return _unsaid(_host_array(answer, shape, "codes", "(n_samples, n_latents)").astype(dtype))
        return _HostAnswer(
            _host_array(answer.codes, shape, "codes", "(n_samples, n_latents)").astype(dtype),
            _host_array(answer.iterations, shape[:1], "iterations", "(n_samples,)").astype(np.int32),
            _host_array(answer.residual, shape[:1], "residual", "(n_samples,)").astype(dtype),
            _host_array(answer.status, shape[:1], "status", "(n_samples,)").astype(np.int32),
        )


@partial(jax.tree_util.register_dataclass, data_fields=["knowledge"], meta_fields=["call", "name", "host"])
@dataclass(frozen=True)
class PluggedLearner:
    """A learner of a user. It may return a `Fit`, or a dictionary alone, whose codes are then read by the lasso."""

    call: Callable[[Any, int, Knowledge, Any], Any]
    name: str
    host: bool
    knowledge: Knowledge

    summary: ClassVar[str] = "plugged in"

    def fit(self, observations: Float[Array, "n_samples n_dims"], *, n_atoms: int, key: PRNGKeyArray) -> Fit:
        if not self.host:
            return self.raw(observations, n_atoms, key)
        shape = jax.ShapeDtypeStruct((observations.shape[1], n_atoms), observations.dtype)
        numbers, rebuild = jax.tree.flatten(self.knowledge)

        def on_host(observations: Any, words: Any, *numbers: Any) -> np.ndarray:
            told = replace(self, knowledge=replace(_concrete(rebuild, numbers), n_latents=n_atoms))
            try:
                return told.on_host(np.array(observations), np.array(words))
            except (Exception, SystemExit) as error:
                _faults.append(f"method {self.name} raised {said(error)}")
                return np.full(shape.shape, np.nan, shape.dtype)

        dictionary = jax.pure_callback(
            on_host, shape, observations, jax.random.key_data(key), *numbers, vmap_method="sequential"
        )
        return self._fit(dictionary, key)

    def raw(self, observations: Any, n_atoms: int, key: Any) -> Fit:
        """The JAX learner's answer as a `Fit`. Raises UserError where it raises, or its answer is no dictionary."""
        with blamed(self.name):
            answer = self.call(observations, n_atoms, self.knowledge, key)
            dictionary = answer.dictionary if isinstance(answer, Fit) else answer
            _check_shape(dictionary, (observations.shape[1], n_atoms), "a dictionary", "(n_dims, n_atoms)")
        return answer if isinstance(answer, Fit) else self._fit(jnp.asarray(dictionary, observations.dtype), key)

    def on_host(self, observations: np.ndarray, key: np.ndarray | None = None) -> np.ndarray:
        """The NumPy learner's dictionary. Raises what it raises, and TypeError where its answer is none."""
        n_atoms = self.knowledge.n_latents
        answer = self.call(observations, n_atoms, self.knowledge, key)
        if isinstance(answer, Fit):
            raise TypeError(
                "it returned a Fit, whose encoder has to be traced by JAX; a learner that runs on the host returns the "
                "dictionary alone"
            )
        shape = (observations.shape[1], n_atoms)
        return _host_array(answer, shape, "a dictionary", "(n_dims, n_atoms)").astype(observations.dtype)

    def _fit(self, dictionary: Array, key: Any) -> Fit:
        atoms = random_atoms(*dictionary.shape, key=jax.random.fold_in(key, 1), dtype=dictionary.dtype)
        dictionary = unit_columns(dictionary, atoms)
        history = jnp.zeros(0, dictionary.dtype)
        encoder = Sparsa(penalty_fraction=0.05, nonnegative=self.knowledge.nonnegative)
        return Fit(dictionary, encoder, history, fit_status(dictionary, history))


@dataclass(frozen=True)
class PluggedTrainer:
    """A trainer of a user, which has to be traceable by JAX."""

    make: Callable[[Knowledge], Any]
    name: str
    knowledge: Knowledge

    summary: ClassVar[str] = "plugged in"

    def train(
        self,
        dictionary: Float[Array, "n_dims n_latents"],
        observations: Float[Array, "n_samples n_dims"],
        codes: Float[Array, "n_samples n_latents"],
        *,
        key: PRNGKeyArray,
    ) -> Fit:
        """Raises UserError where the user's object raises, or its answer is no `Fit`."""
        with blamed(self.name):
            fit = self.make(self.knowledge).train(dictionary, observations, codes, key=key)
            if not isinstance(fit, Fit):
                raise TypeError(f"it returned {type(fit).__name__}; a trainer returns a recovery.learner.Fit")
        return fit


@contextlib.contextmanager
def blamed(name: str) -> Iterator[None]:
    """Whatever is raised within is the method's fault, and said so."""
    try:
        yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"method {name} raised {said(error)}") from None


def _concrete(rebuild: Any, numbers: tuple) -> Knowledge:
    """The knowledge with Python numbers in it."""
    return jax.tree.unflatten(rebuild, [np.asarray(number).item() for number in numbers])


def _unsaid(codes: np.ndarray) -> _HostAnswer:
    ones = np.ones(len(codes), np.int32)
    return _HostAnswer(codes, ones, np.zeros(len(codes), codes.dtype), _UNSAID * ones)


def _host_array(answer: Any, shape: tuple[int, ...], what: str, axes: str) -> np.ndarray:
    array = np.asarray(answer)
    if array.dtype == object:
        raise TypeError(f"it returned {type(answer).__name__}, no array of {what} {axes}")
    _check_shape(array, shape, what, axes)
    return array


def _check_shape(array: Any, shape: tuple[int, ...], what: str, axes: str) -> None:
    found = getattr(array, "shape", None)
    if found is None:
        raise TypeError(f"it returned {type(array).__name__}, no array of {what} {axes}")
    if tuple(found) != shape:
        raise TypeError(f"it returned {what} of shape {tuple(found)}; {axes} is {shape} here")
    if not jnp.issubdtype(array.dtype, jnp.number) or jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise TypeError(f"it returned {what} of type {array.dtype}; they must be real numbers")
