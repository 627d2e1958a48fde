"""How well a model predicts coordinates that it is not shown [OwenPerry2009]: more of it must not always be better.

Coordinates are cut into folds. In each sample one fold is hidden, the model is fitted to the others and says what the
hidden ones are. A dictionary with too many active atoms fits what it sees and fails on what it does not.
"""

import numpy as np
from jaxtyping import Bool, Float


def hidden_folds(n_dims: int, n_folds: int, *, seed: int) -> Bool[np.ndarray, "n_folds n_dims"]:
    """Which coordinates each fold hides: every coordinate in exactly one, in folds as equal as can be.

    Raises ValueError unless 2 <= n_folds <= n_dims.
    """
    if not 2 <= n_folds <= n_dims:
        raise ValueError(f"n_folds must be from 2 to n_dims = {n_dims}, not {n_folds}")
    fold = np.random.default_rng(seed).permutation(n_dims) % n_folds
    return fold[None, :] == np.arange(n_folds)[:, None]


def gaussian_hidden_error(
    training: Float[np.ndarray, "n_train n_dims"],
    test: Float[np.ndarray, "n_folds n_rows n_dims"],
    folds: Bool[np.ndarray, "n_folds n_dims"],
) -> Float[np.ndarray, "n_folds n_rows"]:
    """Mean squared error on the hidden coordinates of each test sample, by a Gaussian of the training samples' mean
    and covariance: the best that anything can do that knows second moments alone.

    The covariance is shrunk towards a multiple of the identity [LedoitWolf2004], so that few samples do no harm.
    """
    mean = training.mean(axis=0, dtype=np.float64)
    covariance = shrunk_covariance(training)
    errors = np.empty(test.shape[:2])
    for fold, (hidden, rows) in enumerate(zip(folds, test, strict=True)):
        weights = np.linalg.solve(covariance[np.ix_(~hidden, ~hidden)], covariance[np.ix_(~hidden, hidden)])
        predicted = mean[hidden] + (rows[:, ~hidden] - mean[~hidden]) @ weights
        errors[fold] = np.mean((rows[:, hidden] - predicted) ** 2, axis=1)
    return errors


def shrunk_covariance(samples: Float[np.ndarray, "n_samples n_dims"]) -> Float[np.ndarray, "n_dims n_dims"]:
    """(1 - b) S + b m I, m being the mean variance and b the share with the least expected error [LedoitWolf2004]."""
    x = np.asarray(samples, dtype=np.float64)
    x = x - x.mean(axis=0)
    n_samples, n_dims = x.shape
    covariance = x.T @ x / n_samples
    target = np.trace(covariance) / n_dims
    distance = np.sum((covariance - target * np.eye(n_dims)) ** 2) / n_dims
    error = (np.mean(np.sum(x**2, axis=1) ** 2) - np.sum(covariance**2)) / (n_samples * n_dims)
    share = min(error / distance, 1.0) if distance > 0 else 1.0
    return (1 - share) * covariance + share * target * np.eye(n_dims)
