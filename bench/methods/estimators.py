"""scikit-learn estimators as methods, told by what they offer; scikit-learn itself is not imported."""

import copy
import warnings
from typing import Any

import numpy as np

from bench.methods.method import Kind


def is_estimator(obj: Any) -> bool:
    """Whether it has scikit-learn's `fit`, `get_params` and `set_params`."""
    return all(hasattr(obj, name) for name in ("fit", "get_params", "set_params"))


def kind_of(estimator: Any) -> Kind:
    """A transformer (`DictionaryLearning`, `FastICA`) is a learner, a regressor (`Lasso`) a coder."""
    return "learner" if hasattr(estimator, "transform") else "coder"


def codes(estimator: Any, dictionary: np.ndarray, observations: np.ndarray) -> np.ndarray:
    """The coefficients [n_samples n_latents] of regressing each observation on the dictionary, without intercept.

    Samples that are not finite come back as NaN, because estimators raise on them.
    """
    estimator = copy.deepcopy(estimator)
    if "fit_intercept" in estimator.get_params():
        estimator.set_params(fit_intercept=False)
    found = np.full((observations.shape[0], dictionary.shape[1]), np.nan, observations.dtype)
    finite = np.all(np.isfinite(observations), axis=1)
    if not np.any(finite) or not np.all(np.isfinite(dictionary)):
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found[finite] = estimator.fit(dictionary, observations[finite].T).coef_.reshape(-1, dictionary.shape[1])
        except ValueError:  # it takes one target at a time
            found[finite] = np.stack([estimator.fit(dictionary, y).coef_ for y in observations[finite]])
    return found


def dictionary(estimator: Any, observations: np.ndarray, *, n_atoms: int, seed: int) -> np.ndarray:
    """The dictionary [n_dims n_atoms] it fits: its `mixing_` where it has one, or else its `components_`.

    An estimator of at most n_dims components (FastICA, PCA) is filled up with random atoms.
    """
    estimator = copy.deepcopy(estimator)
    parameters = estimator.get_params()
    settings = {"n_components": n_atoms, "random_state": seed}
    estimator.set_params(**{name: value for name, value in settings.items() if name in parameters})
    if not np.all(np.isfinite(observations)):
        return np.full((observations.shape[1], n_atoms), np.nan, observations.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            estimator.fit(observations)
        except ValueError:  # it has no more components than dimensions or samples
            if "n_components" not in parameters or n_atoms <= min(observations.shape):
                raise
            estimator.set_params(n_components=min(observations.shape)).fit(observations)
    found = np.asarray(estimator.mixing_ if hasattr(estimator, "mixing_") else estimator.components_.T)
    missing = n_atoms - found.shape[1]
    return np.hstack([found, np.random.default_rng(seed).standard_normal((found.shape[0], max(missing, 0)))])
