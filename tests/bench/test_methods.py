"""Methods from a user's file: what they may be, what they are told, and what is said of broken ones."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Lasso

from bench.errors import UserError
from bench.evaluate import evaluate_chunk
from bench.methods import Plugin, built_in, check_unchanged, collected_faults, identify, load, recover
from bench.points import plan
from bench.precision import precision
from bench.spec import load_spec, to_table, validate
from bench.studies import get_study
from recovery.coders import Omp
from recovery.knowledge import Knowledge
from recovery.solution import Solution, Status

SOLVERS = Path(__file__).with_name("solvers.py")
KNOWLEDGE = Knowledge(n_dims=12, n_latents=20, max_active=4, nonnegative=False, n_active=2, noise_std=0.25)


def named(name):
    return load(identify(f"{SOLVERS}:{name}")[1])


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    dictionary = rng.standard_normal((12, 20))
    dictionary /= np.linalg.norm(dictionary, axis=0)
    codes = np.zeros((30, 20))
    for row in codes:
        row[rng.choice(20, 2, replace=False)] = rng.choice([-1, 1], 2) * rng.uniform(1, 2, 2)
    return dictionary.astype(np.float32), codes.astype(np.float32), (codes @ dictionary.T).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "called", "kind", "host"),
    [
        ("NumpyOmp", "numpy-omp", "coder", True),
        ("least_squares", "least-squares", "coder", False),
        ("told", "told", "coder", True),
        ("estimator", "estimator", "coder", True),
        ("estimator_of", "estimator-of", "coder", True),
        ("lasso_of", "lasso-of", "coder", True),
        ("dictionary_estimator", "dictionary-estimator", "learner", True),
        ("principal_components", "principal-components", "learner", True),
        ("random_dictionary", "random-dictionary", "learner", True),
        ("JaxLearner", "first-samples", "learner", False),
    ],
)
def test_what_it_is(name, called, kind, host):
    method_name, plugin = identify(f"{SOLVERS}:{name}")
    method = load(plugin)
    assert (method_name, plugin.kind, method.kind, method.host) == (called, kind, kind, host)
    assert "\n" not in method.summary


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_numpy_coder_inside_the_compiled_program(problem, kind):
    """Batched over problems by vmap, with a traced number told as a plain one, in either precision."""
    with precision(kind):
        dictionary, _, observations = (jnp.asarray(a, kind) for a in problem)
        method = named("NumpyOmp")

        def solve(dictionary, observations, n_active):
            knowledge = Knowledge(12, 20, 4, False, n_active)
            return method.build(knowledge)(dictionary, observations)

        stacked = jnp.stack([dictionary, dictionary]), jnp.stack([observations, observations]), jnp.array([1, 2])
        solution = jax.jit(jax.vmap(solve))(*stacked)
        assert solution.codes.dtype == kind
        np.testing.assert_array_equal(np.sum(np.asarray(solution.codes) != 0, axis=2)[1], 2)
        np.testing.assert_array_equal(np.sum(np.asarray(solution.codes) != 0, axis=2)[0], 1)
        expected = Omp(n_nonzero=2)(dictionary, observations).codes
        np.testing.assert_allclose(solution.codes[1], expected, atol=1e-4)


def test_what_a_coder_is_told(problem):
    dictionary, _, observations = problem
    solution = jax.jit(lambda k, d, y: named("told").build(k)(d, y, key=jax.random.key(1)))(
        KNOWLEDGE, dictionary, observations
    )
    np.testing.assert_array_equal(solution.codes, 0.25)


def test_what_a_coder_on_the_host_says_of_its_solves(problem):
    dictionary, _, observations = (jnp.asarray(array) for array in problem)
    coder = named("Unsure").build(KNOWLEDGE)
    found = jax.jit(coder.__call__)(dictionary, observations.at[0, 0].set(jnp.nan))
    np.testing.assert_array_equal(found.status[1::2], Status.MAX_ITERATIONS)
    np.testing.assert_array_equal(found.status[::2], Status.CONVERGED)
    np.testing.assert_array_equal(found.iterations, 7)
    np.testing.assert_array_equal(found.residual, 0.25)
    assert np.all(np.isnan(found.codes[0]))
    alone = named("NumpyOmp").build(KNOWLEDGE)(dictionary, observations)
    np.testing.assert_array_equal(alone.status, Status.CONVERGED)
    np.testing.assert_array_equal(alone.iterations, 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("BrokenTrainer", "method broken-trainer raised ValueError: no lesson"),
        ("TrainerWithoutFit", "method trainer-without-fit raised TypeError: it returned .*; a trainer returns"),
    ],
)
def test_a_trainer_that_is_none(problem, name, message):
    dictionary, codes, observations = (jnp.asarray(array) for array in problem)
    with pytest.raises(UserError, match=message):
        recover(named(name), KNOWLEDGE, dictionary, observations, observations, codes, key=jax.random.key(0))


def test_estimators_are_scikit_learns_own_numbers(problem):
    dictionary, _, observations = problem
    expected = Lasso(alpha=1e-3, tol=1e-5, fit_intercept=False).fit(dictionary, observations.T).coef_
    observations = np.array(observations)
    observations[3, 0] = np.nan
    solution = named("estimator").build(KNOWLEDGE)(jnp.asarray(dictionary), jnp.asarray(observations))
    np.testing.assert_allclose(np.delete(solution.codes, 3, 0), np.delete(expected, 3, 0), atol=1e-5)
    assert solution.status[3] == Status.NON_FINITE
    assert np.all(np.isnan(solution.codes[3]))


@pytest.mark.parametrize(
    "name", ["dictionary_estimator", "principal_components", "random_dictionary", "JaxLearner", "NumpyOmp", "omp"]
)
def test_recover_runs_any_kind(problem, name):
    method = built_in()[name] if name == "omp" else named(name)
    dictionary, codes, observations = map(jnp.asarray, problem)
    solution, fit = recover(method, KNOWLEDGE, dictionary, observations, observations, codes, key=jax.random.key(0))
    assert isinstance(solution, Solution)
    assert solution.codes.shape == codes.shape
    assert (fit is None) == (method.kind == "coder")
    if fit is not None:
        np.testing.assert_allclose(np.linalg.norm(fit.dictionary, axis=0), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("missing.py:Name", "no such file: .*missing.py"),
        (f"{SOLVERS}", "say which object of the file is meant"),
        (f"{SOLVERS}:NumpyOpm", "has no 'NumpyOpm'; did you mean 'NumpyOmp'"),
        (f"{SOLVERS}:wrong_shape", r"shape \(40, 6\); \(n_samples, n_latents\) is \(40, 10\) here"),
        (f"{SOLVERS}:wrong_type", "a first trial raised TypeError: it returned"),
        (f"{SOLVERS}:leaves", "a first trial raised SystemExit: 5"),
        (f"{SOLVERS}:HostFit", "it returned a Fit, whose encoder has to be traced by JAX"),
        (f"{SOLVERS}:asks_for_more", "'frobnicate' has no default and is nothing a method is told"),
        (f"{SOLVERS}:Nothing", "neither a coder, called with .* nor a learner"),
        ("fitsa", "no method 'fitsa'.* did you mean 'fista'"),
    ],
)
def test_what_cannot_be_loaded(source, message):
    with pytest.raises(UserError, match=message) as caught:
        identify(source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("def f(:", "broken.py:1: it is not valid Python"),
        ("import nowhere_to_be_found", "importing it raised ModuleNotFoundError"),
        ("raise SystemExit(3)", "importing it raised SystemExit: 3"),
        ("1 / 0", "importing it raised ZeroDivisionError: division by zero"),
    ],
)
def test_broken_files(tmp_path, content, message):
    path = tmp_path / "broken.py"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        identify(f"{path}:f")


def test_a_file_that_has_changed(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def mine(dictionary, observations):\n    return observations @ dictionary\n")
    name, plugin = identify(f"{path}:mine")
    check_unchanged(name, plugin)
    path.write_text(path.read_text() + "# changed\n")
    with pytest.raises(UserError, match="has changed since this run began"):
        check_unchanged(name, plugin)


@pytest.mark.parametrize("name", ["raises_later", "raises_in_jax"])
def test_a_method_that_raises_is_named(name):
    study = get_study("donoho-tanner")
    settings = ["n_latents=20", "undersampling=.5", "sparsity_ratio=.1", "trials=1", "methods=amp"]
    spec = load_spec(study, settings=settings, methods=[f"{SOLVERS}:{name}"])
    chunk = next(iter(plan(study, spec)))
    called = name.replace("_", "-")
    with pytest.raises(UserError, match=f"method {called} raised ValueError: more samples"):
        evaluate_chunk(spec, chunk)
    with collected_faults() as faults:
        pass
    assert faults == []


def test_in_a_spec():
    study = get_study("donoho-tanner")
    spec = load_spec(study, settings=["methods=amp"], methods=[f"{SOLVERS}:NumpyOmp", "omp"])
    assert spec.methods == ("amp", "numpy-omp", "omp")
    table = to_table(spec)
    assert validate(study, table) == spec
    assert "plugins" not in to_table(load_spec(study))
    bare = {**table, "plugins": {"numpy-omp": {"source": f"{SOLVERS}:NumpyOmp"}}, "methods": ["amp"]}
    assert validate(study, bare).methods == ("amp", "numpy-omp")
    for plugins, message in [
        ({"other": {"source": f"{SOLVERS}:NumpyOmp"}}, "calls itself 'numpy-omp'"),
        ({"amp": {"source": "amp"}}, "has a method 'amp' of its own"),
        ({"first-samples": {"source": f"{SOLVERS}:JaxLearner"}}, "is a learner; study donoho-tanner takes coders only"),
    ]:
        with pytest.raises(UserError, match=message):
            validate(study, {**table, "methods": ["amp"], "plugins": plugins})
    with pytest.raises(UserError, match="study toy-superposition takes no methods of your own"):
        load_spec(get_study("toy-superposition"), methods=[f"{SOLVERS}:NumpyOmp"])


def test_plugins_in_every_study():
    """A JAX coder, a NumPy one and a scikit-learn learner in the superposition map, on its smallest grid."""
    study = get_study("superposition-map")
    settings = ["density=.05", "noise_std=.05", "trials=1", "dictionary=gaussian", "methods=unrelated"]
    sizes = ["n_latents=12", "n_dims=6", "n_train=200", "n_eval=50", "training_steps=20"]
    names = ["least_squares", "NumpyOmp", "dictionary_estimator"]
    spec = load_spec(study, settings=[*settings, *sizes], methods=[*(f"{SOLVERS}:{n}" for n in names), "fista"])
    (chunk,) = plan(study, spec)
    rows = evaluate_chunk(spec, chunk).rows.to_pandas().set_index("method")
    assert list(rows.index) == ["unrelated", "least-squares", "numpy-omp", "dictionary-estimator", "fista"]
    assert np.all(np.isfinite(rows["nmse"]))
    assert np.isfinite(rows["dictionary_cosine"]["dictionary-estimator"])
    # Least squares spreads each observation over all latents; the lasso, told the noise, does not.
    assert rows["nmse"]["fista"] < rows["nmse"]["least-squares"]


def test_entry_points(install, tmp_path, monkeypatch):
    coders = {"their-coder": f"{SOLVERS.stem}:least_squares", "broken-coder": f"{SOLVERS.stem}:no_such"}
    install(tmp_path, "theirs", {"superposed.methods": coders})
    monkeypatch.syspath_prepend(SOLVERS.parent)
    name, plugin = identify("their-coder")
    assert (name, plugin.kind) == ("their-coder", "coder")
    assert plugin == Plugin("their-coder", "coder", plugin.sha256)
    with pytest.raises(UserError, match="method 'broken-coder', solvers:no_such, cannot be imported: AttributeError"):
        identify("broken-coder")
