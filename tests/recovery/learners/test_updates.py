"""The steps of the classical learners against NumPy, and FastICA and PCA against scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import PCA, FastICA

from recovery.learners import FastIca, OnlineDictionaryLearning, Pca
from recovery.learners.replacement import unused_or_duplicate
from recovery.learners.start import Run, best_of
from recovery.learners.updates import coordinate_descent, least_squares_dictionary, rank_one_updates


@pytest.fixture(autouse=True)
def in_float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def problem(sparse_problem):
    """Codes of a dictionary that is not the data's: the steps have something to improve."""
    truth = sparse_problem(n_dims=8, n_latents=10, n_active=3, n_samples=60, noise_std=0.1)
    return truth._replace(dictionary=sparse_problem(n_dims=8, n_latents=10, seed=1).dictionary)


def rank_one_by_svd(data, codes, dictionary):
    dictionary, codes = dictionary.copy(), codes.copy()
    for j in range(dictionary.shape[1]):
        users = np.flatnonzero(codes[:, j])
        codes[users, j] = 0
        left, values, right = np.linalg.svd(data[users] - codes[users] @ dictionary.T)
        dictionary[:, j], codes[users, j] = right[0], values[0] * left[:, 0]
    return dictionary, codes


def test_rank_one_updates_are_those_of_the_svd(problem):
    ours = rank_one_updates(
        *map(jnp.asarray, (problem.observations, problem.codes, problem.dictionary)),
        n_power_steps=2000,
        nonnegative=False,
    )
    theirs = rank_one_by_svd(problem.observations, problem.codes, problem.dictionary)
    # A singular pair has no sign, so that what is compared is each atom's rank-one part; power steps have converged.
    parts = [np.einsum("mn,pn->npm", np.asarray(d), np.asarray(z)) for d, z in (ours, theirs)]
    np.testing.assert_allclose(*parts, atol=1e-8)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_rank_one_updates_never_raise_the_error(problem, nonnegative):
    codes = np.abs(problem.codes) if nonnegative else problem.codes

    def error(dictionary, codes):
        return np.sum((problem.observations - np.asarray(codes) @ np.asarray(dictionary).T) ** 2)

    errors = [error(problem.dictionary, codes)]
    for n_power_steps in (1, 3, 30):
        dictionary, updated = rank_one_updates(
            *map(jnp.asarray, (problem.observations, codes, problem.dictionary)),
            n_power_steps=n_power_steps,
            nonnegative=nonnegative,
        )
        np.testing.assert_allclose(jnp.linalg.norm(dictionary, axis=0), 1)
        assert not np.any(np.asarray(updated)[codes == 0]), "supports stay"
        assert not nonnegative or np.all(updated >= 0)
        errors.append(error(dictionary, updated))
        assert errors[-1] < errors[0]


def test_least_squares_is_least_squares(problem):
    codes = problem.codes.copy()
    codes[:, 3] = 0
    updated = least_squares_dictionary(*map(jnp.asarray, (problem.observations, codes, problem.dictionary)))
    used = np.arange(10) != 3
    exact = np.linalg.lstsq(codes[:, used], problem.observations, rcond=None)[0].T
    # The ridge is 1e-3 of the largest squared norm of codes, and all are alike.
    np.testing.assert_allclose(updated[:, used], exact, atol=5e-3)
    np.testing.assert_allclose(updated[:, 3], problem.dictionary[:, 3])


def test_online_statistics_and_dictionary_by_hand(problem):
    learner = OnlineDictionaryLearning(nonnegative=False, forgetting=3.0)
    batches = [(problem.observations[i : i + 20], problem.codes[i : i + 20]) for i in (0, 20, 40)]
    statistics = learner._first_memory(jnp.asarray(problem.observations), jnp.asarray(problem.dictionary))
    dictionary, rows = jnp.asarray(problem.dictionary), problem.dictionary.copy()
    for t, (data, codes) in enumerate(batches, 1):
        statistics = learner.updated(statistics, jnp.asarray(data), jnp.asarray(codes))
        # Batch s of t has been kept by (1 - 1/u)^3 for each u from s + 1 to t: in all by (s / t)^3.
        gram = sum((s / t) ** 3 * z.T @ z for s, (_, z) in enumerate(batches[:t], 1))
        cross = sum((s / t) ** 3 * y.T @ z for s, (y, z) in enumerate(batches[:t], 1))
        np.testing.assert_allclose(statistics.gram, gram, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(statistics.cross, cross, rtol=1e-10, atol=1e-12)
        dictionary = coordinate_descent(dictionary, statistics.gram, statistics.cross)
        for j in range(rows.shape[1]):
            target = rows[:, j] + (cross[:, j] - rows @ gram[:, j]) / gram[j, j]
            rows[:, j] = target / np.linalg.norm(target)
        np.testing.assert_allclose(dictionary, rows, rtol=1e-8, atol=1e-10)


def test_a_replaced_atom_leaves_nothing_in_the_statistics(problem):
    learner = OnlineDictionaryLearning(nonnegative=False)
    data, codes, dictionary = map(jnp.asarray, (problem.observations, problem.codes, problem.dictionary))
    statistics = learner.updated(learner._first_memory(data, dictionary), data, codes)
    gone = jnp.arange(10) == 4
    left = learner._forget(statistics, gone)
    without = learner.updated(learner._first_memory(data, dictionary), data, codes.at[:, 4].set(0))
    np.testing.assert_allclose(left.gram, without.gram)
    np.testing.assert_allclose(left.cross, without.cross)
    moved = coordinate_descent(dictionary, left.gram, left.cross)
    np.testing.assert_array_equal(moved[:, 4], dictionary[:, 4])


def test_which_atoms_are_replaced():
    atoms = jnp.eye(4)[:, jnp.array([0, 1, 2, 0, 1])] * jnp.array([1, 1, 1, 1, -1])
    energy = jnp.array([1.0, 1.0, 0.01, 1.0, 1.0])
    replaced = [unused_or_duplicate(atoms, energy, nonnegative=n).tolist() for n in (True, False)]
    assert replaced == [[False, False, True, True, False], [False, False, True, True, True]]


def test_the_best_run_is_kept():
    def run(key):
        value = jax.random.uniform(key)
        return Run(jnp.full((2, 2), value), jnp.array([1.0, value]))

    key = jax.random.key(0)
    values = [float(jax.random.uniform(k)) for k in jax.random.split(key, 5)]
    assert float(best_of(run, key, n_runs=5).dictionary[0, 0]) == min(values)
    assert float(best_of(run, key, n_runs=1).history[-1]) == float(jax.random.uniform(key))


@pytest.fixture
def mixture():
    """Laplacian sources in as many dimensions, off centre."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((6, 6))
    return mixing, rng.laplace(size=(2000, 6)) @ mixing.T + rng.standard_normal(6)


def test_fast_ica_against_scikit_learn(mixture):
    mixing, observations = mixture
    fitted = jax.jit(lambda y, key: FastIca(nonnegative=False).fit(y, n_atoms=6, key=key))(
        jnp.asarray(observations), jax.random.key(0)
    )
    peer = FastICA(6, whiten="unit-variance", tol=1e-10, max_iter=1000, random_state=0).fit(observations).mixing_
    peer /= np.linalg.norm(peer, axis=0)
    cosines = np.abs(peer.T @ np.asarray(fitted.dictionary))
    rows, columns = linear_sum_assignment(-cosines)
    # Both have converged to the fixed point of the same iteration.
    np.testing.assert_allclose(cosines[rows, columns], 1, atol=1e-9)
    # Of 2,000 samples; the error of an entry of the unmixing matrix is of the order of 1 / sqrt(2000).
    truth = mixing / np.linalg.norm(mixing, axis=0)
    assert np.min(np.max(np.abs(truth.T @ np.asarray(fitted.dictionary)), axis=1)) > 0.98
    codes = fitted.encoder(fitted.dictionary, jnp.asarray(observations)).codes
    np.testing.assert_allclose(codes @ fitted.dictionary.T, observations, atol=1e-10)
    assert np.all(np.mean(codes, axis=0) >= 0)


def test_fast_ica_finds_fewer_and_fills_up_to_more(mixture):
    _, observations = mixture
    observations = jnp.asarray(observations)
    for n_atoms in (4, 9):
        fitted = FastIca(nonnegative=False, n_rounds=3).fit(observations, n_atoms=n_atoms, key=jax.random.key(0))
        assert fitted.dictionary.shape == (6, n_atoms)
        np.testing.assert_allclose(np.linalg.norm(fitted.dictionary, axis=0), 1)
        codes = fitted.encoder(fitted.dictionary, observations).codes
        assert np.sum(np.any(codes != 0, axis=0)) == min(n_atoms, 6)


def test_pca_against_scikit_learn(mixture):
    _, observations = mixture
    for n_atoms in (4, 8):
        fitted = Pca(nonnegative=False).fit(jnp.asarray(observations), n_atoms=n_atoms, key=jax.random.key(0))
        n_found = min(n_atoms, 6)
        peer = PCA(n_found).fit(observations)
        cosines = np.sum(peer.components_.T * np.asarray(fitted.dictionary[:, :n_found]), axis=0)
        np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-10)
        centred = observations - peer.mean_
        left = np.sum((centred - peer.inverse_transform(peer.transform(observations)) + peer.mean_) ** 2)
        np.testing.assert_allclose(fitted.history, [left / np.sum(observations**2)], atol=1e-10)
