"""From a user's object to a `Method`: JAX or plain NumPy, class, function, factory, or scikit-learn estimator."""

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np

from bench.errors import UserError, said
from bench.methods import estimators
from bench.methods.method import Kind, Method, Solves
from bench.methods.plugged import PluggedCoder, PluggedLearner, PluggedTrainer
from bench.words import suggest
from recovery.knowledge import Knowledge

KNOWN = tuple(field.name for field in fields(Knowledge))

PROBE = Knowledge(n_dims=6, n_latents=10, max_active=3, nonnegative=False, n_active=2, noise_std=0.05, penalty=0.05)
"""The problem on which an object is first tried."""
_PROBE_SAMPLES = 40


def adapt(target: Any, *, name: str, where: str) -> Method:
    """Find out what `target` is, try it on a small problem, and wrap it.

    It may be a class (set up by `suited_to(knowledge)`, or by those of its constructor's parameters that `Knowledge`
    has), an instance, a factory (a function that needs nothing but what `Knowledge` has), or a function of (dictionary,
    observations). What cannot be traced by JAX is run on the host with NumPy arrays. Raises UserError naming `where`
    and what breaks the contract.
    """
    obj = _attempt(lambda: construct(target, PROBE), where, "setting it up")
    kind = _kind(obj, where)
    title = getattr(obj, "name", None)
    title = title if isinstance(title, str) and title else _kebab(name)
    summary = getattr(obj, "summary", None) or (inspect.getdoc(target) or title).split("\n")[0]
    if kind == "trainer":
        return Method(title, str(summary), kind, _wrap_trainer(target, title))
    wrap = _wrap_coder if kind == "coder" else _wrap_learner
    estimator = estimators.is_estimator(obj)
    host = estimator or getattr(obj, "backend", None) == "numpy" or not _traceable(wrap(target, title, host=False))
    build = wrap(target, title, host=host)
    if host:
        _attempt(lambda: _try_out(build), where, "a first trial")
    return Method(title, str(summary), kind, build, host, _solves(obj, target, where))


def construct(target: Any, knowledge: Knowledge) -> Any:
    """The coder or learner behind what the user named, for the problem at hand; TypeError where it needs more."""
    if inspect.isclass(target):
        suited_to = getattr(target, "suited_to", None)
        if suited_to is not None:
            return suited_to(knowledge)
        return target(**keywords(target, knowledge))
    if inspect.isfunction(target) and set(_positional(target)) <= set(KNOWN):
        return construct(target(**keywords(target, knowledge)), knowledge)
    return target


def keywords(function: Callable, knowledge: Knowledge, *, given: tuple[str, ...] = ()) -> dict[str, Any]:
    """Those parameters of `function` that `Knowledge` has, beside the positional ones and those `given`."""
    values = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or name in given:
            continue
        if name in KNOWN:
            values[name] = getattr(knowledge, name)
        elif parameter.default is parameter.empty and parameter.kind != parameter.POSITIONAL_ONLY:
            raise TypeError(
                f"parameter {name!r} has no default and is nothing a method is told; {suggest(name, KNOWN)}"
            )
    return values


def _positional(function: Callable) -> list[str]:
    """Names of required positional parameters."""
    return [
        name
        for name, p in inspect.signature(function).parameters.items()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]


def _kind(obj: Any, where: str) -> Kind:
    if estimators.is_estimator(obj):
        return estimators.kind_of(obj)
    if hasattr(obj, "train"):
        return "trainer"
    if hasattr(obj, "fit"):
        if "n_atoms" not in inspect.signature(obj.fit).parameters:
            raise UserError(f"{where}: its fit must take the keyword n_atoms: fit(observations, *, n_atoms, key)")
        return "learner"
    if inspect.isfunction(obj) and "n_atoms" in inspect.signature(obj).parameters:
        return "learner"
    if callable(obj):
        if len(_positional(_callable(obj))) != 2:
            raise UserError(
                f"{where}: a coder takes (dictionary, observations) and keywords; "
                f"its positional parameters are ({', '.join(_positional(_callable(obj)))})"
            )
        return "coder"
    raise UserError(
        f"{where}: it is neither a coder, called with (dictionary, observations), nor a learner with "
        "fit(observations, *, n_atoms, key)"
    )


def _solves(obj: Any, target: Any, where: str) -> Solves | None:
    """What the object, or the function that made it, says in its attribute `solves`."""
    problem = getattr(obj, "solves", getattr(target, "solves", None))
    if problem not in (None, *get_args(Solves)):
        raise UserError(f"{where}: solves is {problem!r}; known: {', '.join(get_args(Solves))}")
    return problem


def _callable(obj: Any) -> Callable:
    return obj if inspect.isfunction(obj) else obj.__call__


def _wrap_coder(target: Any, name: str, *, host: bool) -> Callable[[Knowledge], PluggedCoder]:
    def call(dictionary: Any, observations: Any, knowledge: Knowledge, key: Any) -> Any:
        obj = construct(target, knowledge)
        if estimators.is_estimator(obj):
            return estimators.codes(obj, dictionary, observations)
        function = _callable(obj)
        first = _positional(function)
        told = keywords(function, knowledge, given=(*first, "key", "seed"))
        return function(dictionary, observations, **told, **_randomness(function, key))

    return lambda knowledge: PluggedCoder(call, name, host, knowledge)


def _wrap_learner(target: Any, name: str, *, host: bool) -> Callable[[Knowledge], PluggedLearner]:
    def call(observations: Any, n_atoms: int, knowledge: Knowledge, key: Any) -> Any:
        obj = construct(target, knowledge)
        if estimators.is_estimator(obj):
            return estimators.dictionary(obj, observations, n_atoms=n_atoms, seed=_seed(key))
        function = obj if inspect.isfunction(obj) else obj.fit
        first = _positional(function)[:1]
        told = keywords(function, knowledge, given=(*first, "n_atoms", "key", "seed"))
        return function(observations, n_atoms=n_atoms, **told, **_randomness(function, key))

    return lambda knowledge: PluggedLearner(call, name, host, knowledge)


def _wrap_trainer(target: Any, name: str) -> Callable[[Knowledge], PluggedTrainer]:
    return lambda knowledge: PluggedTrainer(functools.partial(construct, target), name, knowledge)


def _randomness(function: Callable, key: Any) -> dict[str, Any]:
    """`key` or `seed`, whichever the function takes; a function on the host gets an integer seed."""
    parameters = inspect.signature(function).parameters
    if "seed" in parameters:
        return {"seed": _seed(key)}
    return {"key": key} if "key" in parameters else {}


def _seed(key: Any) -> Any:
    if key is None:
        return 0
    words = jax.random.key_data(key) if isinstance(key, jax.Array) else np.asarray(key)
    return int(words.reshape(-1)[-1]) if isinstance(words, np.ndarray) else words.reshape(-1)[-1]


def _probe_arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    dictionary = rng.standard_normal((PROBE.n_dims, PROBE.n_latents))
    dictionary /= np.linalg.norm(dictionary, axis=0)
    codes = rng.standard_normal((_PROBE_SAMPLES, PROBE.n_latents)) * (
        rng.random((_PROBE_SAMPLES, PROBE.n_latents)) < 0.2
    )
    dtype = jnp.result_type(float)
    return dictionary.astype(dtype), (codes @ dictionary.T).astype(dtype)


def _run(built: Any, dictionary: Any, observations: Any) -> Any:
    key = jax.random.key(0)
    if isinstance(built, PluggedCoder):
        return built.raw(dictionary, observations, key)
    return built.raw(observations, PROBE.n_latents, key)


def _traceable(build: Callable[[Knowledge], Any]) -> bool:
    """Whether JAX can trace it, with the numbers of `Knowledge` traced as well."""
    try:
        jax.eval_shape(lambda knowledge, d, y: _run(build(knowledge), d, y), PROBE, *_probe_arrays())
    except (Exception, SystemExit):
        return False
    return True


def _try_out(build: Callable[[Knowledge], Any]) -> None:
    built = build(PROBE)
    dictionary, observations = _probe_arrays()
    built.on_host(*((dictionary, observations) if isinstance(built, PluggedCoder) else (observations,)))


def _attempt(action: Callable[[], Any], where: str, what: str) -> Any:
    try:
        return action()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"{where}: {what} raised {said(error)}") from None


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()
