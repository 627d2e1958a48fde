"""A sound coder, and what each of its mutants does wrong, which a validation must find."""

import warnings

import jax.numpy as jnp
import numpy as np
from sklearn.linear_model import Lasso, OrthogonalMatchingPursuit, orthogonal_mp

from recovery.coders import Fista, Omp


class Sound:
    """Orthogonal matching pursuit in NumPy."""

    def __init__(self, n_active):
        self.n_active = int(n_active)

    def __call__(self, dictionary, observations):
        codes = np.zeros((len(observations), dictionary.shape[1]))
        for code, observation in zip(codes, observations, strict=True):
            code[:] = self.solve(dictionary, observation) if np.all(np.isfinite(observation)) else np.nan
        return codes

    def solve(self, dictionary, observation):
        code, residual, support = np.zeros(dictionary.shape[1]), observation, []
        for _ in range(min(self.n_active, *dictionary.shape)):
            if self.explained(residual, observation):
                break
            support.append(int(np.argmax(self.scores(dictionary, residual))))
            code[support] = np.linalg.lstsq(dictionary[:, support], observation, rcond=None)[0]
            residual = observation - dictionary @ code
        return code

    def explained(self, residual, observation):
        return np.linalg.norm(residual) <= 1e-10 * np.linalg.norm(observation)

    def scores(self, dictionary, residual):
        return np.abs(residual @ dictionary) / np.linalg.norm(dictionary, axis=0)


class OneTooFew(Sound):
    def __init__(self, n_active):
        super().__init__(n_active)
        self.n_active = max(self.n_active - 1, 0)


class OffByFivePercent(Sound):
    def __call__(self, dictionary, observations):
        return 1.05 * super().__call__(dictionary, observations)


class AtomsReversed(Sound):
    def __call__(self, dictionary, observations):
        return super().__call__(dictionary, observations)[:, ::-1]


class SamplesShifted(Sound):
    def __call__(self, dictionary, observations):
        return np.roll(super().__call__(dictionary, observations), 1, axis=0)


class Unrepeatable(Sound):
    rng = np.random.default_rng(0)

    def __call__(self, dictionary, observations):
        codes = super().__call__(dictionary, observations)
        return codes * (1 + 1e-6 * self.rng.standard_normal(codes.shape))


class BatchNormalised(Sound):
    """Drops what is small beside the largest code of the batch."""

    def __call__(self, dictionary, observations):
        codes = super().__call__(dictionary, observations)
        return np.where(np.abs(codes) < 0.05 * np.nanmax(np.abs(codes), initial=0.0), 0, codes)


class NothingIsNan(Sound):
    def solve(self, dictionary, observation):
        return super().solve(dictionary, observation) if self.n_active > 0 else np.nan


class SignIgnored(Sound):
    def __call__(self, dictionary, observations):
        return np.abs(super().__call__(dictionary, observations))


class RaisesOnNan(Sound):
    def __call__(self, dictionary, observations):
        if not np.all(np.isfinite(observations)):
            raise ValueError("not finite")
        return super().__call__(dictionary, observations)


class AbsoluteTolerance(Sound):
    def explained(self, residual, observation):
        return np.linalg.norm(residual) <= 0.02


class UnitNormsAssumed(Sound):
    def scores(self, dictionary, residual):
        return np.abs(residual @ dictionary)


class FirstAtomsPreferred(Sound):
    def scores(self, dictionary, residual):
        return super().scores(dictionary, residual) * np.linspace(1, 0.3, dictionary.shape[1])


def noise_explained(dictionary, observations):
    """As many atoms as it takes to explain the noise as well."""
    return Omp(n_nonzero=dictionary.shape[0] // 2)(dictionary, observations)


def lasso_stopped_early(dictionary, observations, *, penalty, nonnegative):
    return Fista(penalty=penalty, nonnegative=nonnegative, max_iterations=20)(dictionary, observations)


lasso_stopped_early.solves = "lasso"


def lasso_of_another_penalty(dictionary, observations, *, penalty, nonnegative):
    return Fista(penalty=2 * penalty, nonnegative=nonnegative)(dictionary, observations).codes


lasso_of_another_penalty.solves = "lasso"


def nan_swallowed(dictionary, observations, *, penalty, nonnegative):
    return Fista(penalty=penalty, nonnegative=nonnegative)(dictionary, jnp.nan_to_num(observations, posinf=0.0))


def single_precision(dictionary, observations, *, penalty, nonnegative):
    arrays = (jnp.asarray(array, jnp.float32) for array in (dictionary, observations))
    return Fista(penalty=penalty, nonnegative=nonnegative)(*arrays)


def sklearn_lasso(*, penalty, n_dims, nonnegative):
    """scikit-learn divides the squared error by the number of dimensions."""
    return Lasso(alpha=float(penalty) / n_dims, positive=nonnegative, max_iter=20_000, tol=1e-5)


sklearn_lasso.solves = "lasso"


def sklearn_bare_omp(*, n_active):
    """It compares atoms as they are, so that their norms matter."""
    return OrthogonalMatchingPursuit(n_nonzero_coefs=max(1, int(n_active)))


def sklearn_omp(dictionary, observations, *, n_active):
    codes, norms = np.full((len(observations), dictionary.shape[1]), np.nan), np.linalg.norm(dictionary, axis=0)
    finite = np.all(np.isfinite(observations), axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where nothing is left to explain
        found = orthogonal_mp(dictionary / norms, observations[finite].T, n_nonzero_coefs=max(1, int(n_active)))
    codes[finite] = found.reshape(len(norms), -1).T / norms
    return codes


def says_what_it_is_not(dictionary, observations):
    return observations @ dictionary


says_what_it_is_not.solves = "everything"
