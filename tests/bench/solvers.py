"""Methods that tests plug in: good ones of every kind, and broken ones."""

import jax.numpy as jnp
import numpy as np
from sklearn.decomposition import PCA, MiniBatchDictionaryLearning
from sklearn.linear_model import Lasso

from recovery.coders import Fista
from recovery.learner import Fit
from recovery.solution import Solution, Status


class NumpyOmp:
    """Orthogonal matching pursuit, a loop over samples."""

    def __init__(self, n_active):
        self.n_active = int(n_active)

    def __call__(self, dictionary, observations):
        codes = np.zeros((len(observations), dictionary.shape[1]))
        for code, observation in zip(codes, observations, strict=True):
            support, residual = [], observation
            for _ in range(self.n_active):
                support.append(int(np.argmax(np.abs(dictionary.T @ residual))))
                coefficients = np.linalg.lstsq(dictionary[:, support], observation, rcond=None)[0]
                residual = observation - dictionary[:, support] @ coefficients
            if support:
                code[support] = coefficients
        return codes


def least_squares(dictionary, observations):
    """Least-norm codes."""
    return observations @ jnp.linalg.pinv(dictionary).T


def told(dictionary, observations, *, noise_std, seed):
    """Codes that say what the coder was told."""
    assert isinstance(noise_std, float)
    assert isinstance(seed, int)
    return np.full((len(observations), dictionary.shape[1]), noise_std)


estimator = Lasso(alpha=1e-3, tol=1e-5)


def estimator_of(*, n_active):
    """A factory."""
    return Lasso(alpha=1e-3 * int(n_active))


def lasso_of(penalty, n_dims):
    """A factory that asks by position."""
    return Lasso(alpha=penalty / n_dims)


principal_components = PCA()


class Unsure:
    """Says of every other sample, on the host, that its solve did not end."""

    backend = "numpy"

    def __call__(self, dictionary, observations):
        n_samples = len(observations)
        status = np.where(np.arange(n_samples) % 2, Status.MAX_ITERATIONS, Status.CONVERGED)
        return Solution(observations @ dictionary, np.full(n_samples, 7), np.full(n_samples, 0.25), status)


class HostFit:
    """A fit from the host, whose encoder cannot be handed on."""

    backend = "numpy"

    def fit(self, observations, *, n_atoms):
        return Fit(np.eye(observations.shape[1], n_atoms), Fista(penalty=0.1), np.zeros(0), 0)


def leaves(dictionary, observations):
    raise SystemExit(5)


class BrokenTrainer:
    def train(self, dictionary, observations, codes, *, key):
        raise ValueError("no\nlesson")


class TrainerWithoutFit:
    def train(self, dictionary, observations, codes, *, key):
        return dictionary


dictionary_estimator = MiniBatchDictionaryLearning(alpha=0.1, max_iter=5)


def random_dictionary(observations, *, n_atoms, seed):
    """A learner that learns nothing."""
    return np.random.default_rng(seed).standard_normal((observations.shape[1], n_atoms))


class JaxLearner:
    """The first samples, as they are."""

    name = "first-samples"

    def fit(self, observations, *, n_atoms, key):
        return observations[:n_atoms].T


def wrong_shape(dictionary, observations):
    return observations


def wrong_type(dictionary, observations):
    return [[0.0]]


def raises_later(dictionary, observations):
    if np.asarray(observations).shape[0] < 5:
        raise ValueError("more\nsamples")
    return np.zeros((observations.shape[0], dictionary.shape[1]))


def raises_in_jax(dictionary, observations):
    if observations.shape[0] < 5:
        raise ValueError("more\nsamples")
    return jnp.zeros((observations.shape[0], dictionary.shape[1]), observations.dtype)


def asks_for_more(dictionary, observations, *, frobnicate):
    return observations


class Nothing:
    pass
