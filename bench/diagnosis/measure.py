"""What is measured on observations without truth: fits of several sizes on halves, hidden coordinates, and a twin."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from analysis.diagnosis import (
    count_stable,
    gaussian_hidden_error,
    hidden_folds,
    mutual_matches,
    share_of_opposites,
    shrunk_covariance,
    spectrum,
)
from analysis.diagnosis.spectrum import Spectrum
from bench.diagnosis import programs

RATIOS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Sizes of dictionaries that are tried, in multiples of the dimensions."""
_N_FOLDS = 5
_MOST_TEST = 500
_MOST_COMPARED = 2000
_NOISE_LEVELS = np.geomspace(0.03, 1.0, 10)
MOST_ACTIVE = 24
_MOST_OPPOSITE = 0.25

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class SizeResult:
    """Two halves of the data, fitted with `n_atoms` each.

    `errors` are squared errors on hidden coordinates at the best noise level, a number a test row, over the data's mean
    square; `matches` the cosines of mutual matches between the halves.
    """

    n_atoms: int
    errors: Float[np.ndarray, " n_test"]
    n_active: float
    matches: Float[np.ndarray, " n_matches"]
    n_stable: int

    @property
    def agreement(self) -> float:
        """Mean cosine of atoms with their mutual match."""
        return _mean(self.matches)


class Twin(NamedTuple):
    """MCC on a simulation whose truth is known: by a dictionary learned from it, and by the true one."""

    learned: float
    known: float


@dataclass(frozen=True, eq=False)
class Measurement:
    """All that a diagnosis goes by. Squared errors are in units of the data's mean square per coordinate.

    `dictionary` is the better, on hidden coordinates, of two fits to all training rows that differ in their seed;
    `seed_agreement` is that between the two, `code_agreement` the MCC between the codes that they give the same rows.
    `codes` are those of the training rows, found down to `stop`. `twin` is what a simulation of as many rows gives.
    `surrogate_error` is that of a dictionary of the same size on normal numbers of the same mean and covariance.
    """

    n_samples: int
    n_train: int
    n_dims: int
    spectrum: Spectrum
    nonnegative: bool
    sizes: list[SizeResult]
    chosen: int
    dictionary: Float[np.ndarray, "n_dims n_atoms"]
    codes: Float[np.ndarray, "n_train n_atoms"]
    stop: float
    noise_std: float
    n_active: float
    errors: Float[np.ndarray, " n_test"]
    gaussian_errors: Float[np.ndarray, " n_test"]
    surrogate_error: float
    seed_agreement: float
    code_agreement: float
    twin: Twin

    @property
    def size(self) -> SizeResult:
        """The chosen size."""
        return self.sizes[self.chosen]

    @property
    def gain(self) -> float:
        """Log of how many times smaller the error on hidden coordinates is than a Gaussian's."""
        return float(np.log(self.gaussian_errors.mean() / self.errors.mean()))

    @property
    def surrogate_gain(self) -> float:
        """Log of how many times smaller the error is than that of a dictionary learned from normal numbers."""
        return float(np.log(self.surrogate_error / self.errors.mean()))


@dataclass(frozen=True, eq=False)
class Trial:
    """The rows to learn from, and the errors on hidden coordinates of a dictionary learned from them."""

    train: jax.Array
    errors: Callable[[jax.Array], np.ndarray]


@dataclass(frozen=True, eq=False)
class _Data:
    train: jax.Array
    test: jax.Array
    folds: Bool[np.ndarray, "n_folds n_dims"]
    levels: jax.Array
    scale: float

    @property
    def n_dims(self) -> int:
        return self.train.shape[1]

    @property
    def widest(self) -> int:
        return round(max(RATIOS) * self.n_dims)

    @property
    def most_active(self) -> int:
        return max(2, min(self.n_dims // 2, MOST_ACTIVE))


def measure(
    observations: Float[np.ndarray, "n_samples n_dims"], *, seed: int, progress: Progress = lambda _: None
) -> tuple[Measurement, Trial]:
    """Fit, hide, and simulate, and offer to try other dictionaries; the same arguments give the same numbers."""
    data = _prepare(observations, seed)
    key = jax.random.key(seed)
    progress("sign of the codes")
    nonnegative = _sign(data, jax.random.fold_in(key, 0))
    sizes = []
    for place, ratio in enumerate(RATIOS):
        n_atoms = max(2, round(ratio * data.n_dims))
        progress(f"{n_atoms} atoms")
        sizes.append(_try_size(data, n_atoms, nonnegative, jax.random.fold_in(key, 10 + place)))
    chosen = _smallest_good(sizes)
    n_atoms = sizes[chosen].n_atoms
    progress("all rows")
    both = [
        programs.learn(data.train, one, n_atoms=n_atoms, nonnegative=nonnegative)
        for one in jax.random.split(jax.random.fold_in(key, 1))
    ]
    hidden = [_hidden(data, one, nonnegative) for one in both]
    better = int(hidden[1][0].mean() < hidden[0][0].mean())
    dictionary, (errors, _, stop) = both[better], hidden[better]
    of_seeds = mutual_matches(*(np.asarray(one) for one in both), signed=not nonnegative)
    codes = _codes(data, dictionary, data.train, stop, nonnegative)
    n_active = float(np.mean(np.sum(codes != 0, axis=1)))
    noise_std = _noise(data, np.asarray(dictionary), codes)
    progress("simulated twin")
    twin = twin_recovery(
        np.asarray(dictionary), codes, noise_std, nonnegative, n_samples=data.train.shape[0], seed=seed
    )
    gaussian = gaussian_hidden_error(np.asarray(data.train), np.asarray(data.test), data.folds).ravel()
    found = Measurement(
        n_samples=observations.shape[0],
        n_train=data.train.shape[0],
        n_dims=data.n_dims,
        spectrum=spectrum(observations),
        nonnegative=nonnegative,
        sizes=sizes,
        chosen=chosen,
        dictionary=np.asarray(dictionary),
        codes=codes,
        stop=stop,
        noise_std=noise_std,
        n_active=n_active,
        errors=errors,
        gaussian_errors=gaussian / data.scale**2,
        surrogate_error=_surrogate_error(data, n_atoms, nonnegative, seed),
        seed_agreement=_mean(of_seeds),
        code_agreement=_code_agreement(data, codes, both[1 - better], stop, nonnegative),
        twin=twin,
    )
    return found, Trial(data.train, lambda dictionary: _hidden(data, dictionary, nonnegative)[0])


def leading_axes(
    observations: Float[np.ndarray, "n_samples n_dims"], most: int
) -> tuple[Float[np.ndarray, "n_samples n_kept"], float]:
    """The observations on their `most` leading principal axes (of E y y^T, so that 0 stays 0), and the power kept."""
    if observations.shape[1] <= most:
        return observations, 1.0
    values, axes = np.linalg.eigh(observations.T.astype(np.float64) @ observations)
    kept = (observations @ axes[:, ::-1][:, :most]).astype(observations.dtype)
    return kept, float(values[::-1][:most].sum() / values.sum())


def codes_are_nonnegative(observations: Float[np.ndarray, "n_samples n_dims"], *, seed: int) -> bool:
    """Whether non-negative codes predict hidden coordinates better than signed ones, as `measure` finds it."""
    return _sign(_prepare(observations, seed), jax.random.fold_in(jax.random.key(seed), 0))


def _prepare(observations: np.ndarray, seed: int) -> _Data:
    y = np.asarray(observations, dtype=np.float32)
    y = y[np.random.default_rng(seed).permutation(len(y))]
    n_folds = min(_N_FOLDS, y.shape[1])
    n_rows = min(_MOST_TEST, len(y) // 5) // n_folds
    test, train = y[: n_rows * n_folds], y[n_rows * n_folds :]
    scale = float(np.sqrt(np.mean(train.astype(np.float64) ** 2)))
    return _Data(
        train=jnp.asarray(train),
        test=jnp.asarray(test.reshape(n_folds, n_rows, y.shape[1])),
        folds=hidden_folds(y.shape[1], n_folds, seed=seed),
        levels=jnp.asarray(scale * _NOISE_LEVELS, jnp.float32),
        scale=scale,
    )


def _hidden(data: _Data, dictionary: jax.Array, nonnegative: bool) -> tuple[np.ndarray, float, float]:
    """Errors at the noise level that has the least, atoms used there, and the level."""
    errors, used = programs.hidden_errors(
        programs.padded(dictionary, data.widest),
        data.test,
        jnp.asarray(data.folds),
        data.levels,
        most_active=data.most_active,
        nonnegative=nonnegative,
    )
    errors = np.asarray(errors, np.float64).reshape(len(_NOISE_LEVELS), -1) / data.scale**2
    best = int(np.argmin(errors.mean(axis=1)))
    return errors[best], float(np.mean(np.asarray(used[best]))), float(data.levels[best])


def _surrogate_error(data: _Data, n_atoms: int, nonnegative: bool, seed: int) -> float:
    """What the same fit makes of normal numbers that have the mean and covariance of the training rows."""
    train, rng = np.asarray(data.train, np.float64), np.random.default_rng([seed, 2])
    mean, root = (
        train.mean(axis=0),
        np.linalg.cholesky(shrunk_covariance(train) + 1e-9 * data.scale**2 * np.eye(data.n_dims)),
    )

    def draw(shape: tuple[int, ...]) -> jax.Array:
        return jnp.asarray(mean + rng.standard_normal(shape) @ root.T, jnp.float32)

    surrogate = replace(data, train=draw(data.train.shape), test=draw(data.test.shape))
    key = jax.random.fold_in(jax.random.key(seed), 3)
    dictionary = programs.learn(surrogate.train, key, n_atoms=n_atoms, nonnegative=nonnegative)
    return float(_hidden(surrogate, dictionary, nonnegative)[0].mean())


def _mean(matches: np.ndarray) -> float:
    return float(matches.mean()) if matches.size else 0.0


def _halves(data: _Data, n_atoms: int, nonnegative: bool, key: jax.Array) -> list[jax.Array]:
    half = data.train.shape[0] // 2
    return [
        programs.learn(data.train[rows], one, n_atoms=n_atoms, nonnegative=nonnegative)
        for rows, one in zip((slice(half), slice(half, 2 * half)), jax.random.split(key), strict=True)
    ]


def _sign(data: _Data, key: jax.Array) -> bool:
    """Whether non-negative codes predict hidden coordinates better than signed ones, by atoms that are not opposites.

    With atoms enough, non-negative codes describe signed ones as well, each atom being there twice.
    """
    half, n_atoms = data.train.shape[0] // 2, 2 * data.n_dims
    signed, nonnegative = (
        programs.learn(data.train[:half], key, n_atoms=n_atoms, nonnegative=one) for one in (False, True)
    )
    better = _hidden(data, nonnegative, True)[0].mean() < _hidden(data, signed, False)[0].mean()
    return bool(better) and share_of_opposites(np.asarray(nonnegative)) < _MOST_OPPOSITE


def _try_size(data: _Data, n_atoms: int, nonnegative: bool, key: jax.Array) -> SizeResult:
    dictionaries = _halves(data, n_atoms, nonnegative, key)
    results = [_hidden(data, one, nonnegative) for one in dictionaries]
    first, second = (np.asarray(one) for one in dictionaries)
    return SizeResult(
        n_atoms=n_atoms,
        errors=(results[0][0] + results[1][0]) / 2,
        n_active=(results[0][1] + results[1][1]) / 2,
        matches=mutual_matches(first, second, signed=not nonnegative),
        n_stable=count_stable(first, second, signed=not nonnegative),
    )


def _smallest_good(sizes: list[SizeResult]) -> int:
    """The smallest size whose error is within a standard error (of the paired difference) of the least."""
    best = min(sizes, key=lambda one: one.errors.mean())
    for place, one in enumerate(sizes):
        worse = one.errors - best.errors
        if worse.mean() <= worse.std(ddof=1) / np.sqrt(worse.size):
            return place
    return sizes.index(best)


def _codes(data: _Data, dictionary: jax.Array, rows: jax.Array, stop: float, nonnegative: bool) -> np.ndarray:
    wide = programs.padded(dictionary, data.widest)
    codes = programs.code(wide, rows, jnp.float32(stop), most_active=data.most_active, nonnegative=nonnegative)
    return np.asarray(codes)[:, : dictionary.shape[1]]


def _code_agreement(data: _Data, codes: np.ndarray, other: jax.Array, stop: float, nonnegative: bool) -> float:
    """MCC between the codes of the first training rows and those that another dictionary gives them."""
    n_rows = min(_MOST_COMPARED, data.train.shape[0])
    theirs = _codes(data, other, data.train[:n_rows], stop, nonnegative)
    return float(programs.recovery_score(*(programs.padded(one, data.widest) for one in (codes[:n_rows], theirs))))


def _noise(data: _Data, dictionary: np.ndarray, codes: np.ndarray) -> float:
    """Standard deviation per coordinate of what is left, each sample's freedom being M less its active atoms."""
    left = np.asarray(data.train) - codes @ dictionary.T
    freedom = np.maximum(data.n_dims - np.sum(codes != 0, axis=1), 1)
    return float(np.sqrt(np.sum(left.astype(np.float64) ** 2) / np.sum(freedom)))


def twin_recovery(
    dictionary: Float[np.ndarray, "n_dims n_atoms"],
    codes: Float[np.ndarray, "n_train n_atoms"],
    noise_std: float,
    nonnegative: bool,
    *,
    n_samples: int,
    seed: int,
) -> Twin:
    """MCC that is reached on a simulation of the fitted model: its dictionary, its codes shuffled, its noise.

    Each atom's codes are drawn anew from those that it has in the data, independently of all others. The simulation is
    learned from `n_samples` rows as the data were, with as many atoms; atoms of a tenth of the mean use or less do not
    count.
    """
    rng = np.random.default_rng([seed, 1])
    n_rows, n_atoms = n_samples + _MOST_COMPARED, dictionary.shape[1]
    drawn = rng.integers(codes.shape[0], size=(n_rows, n_atoms))
    truth = np.take_along_axis(codes, drawn, axis=0)
    y = (truth @ dictionary.T + noise_std * rng.standard_normal((n_rows, dictionary.shape[0]))).astype(np.float32)
    key = jax.random.fold_in(jax.random.key(seed), 2)
    found = programs.learn(jnp.asarray(y[:n_samples]), key, n_atoms=n_atoms, nonnegative=nonnegative)
    n_dims = dictionary.shape[0]
    widest, most_active = round(max(RATIOS) * n_dims), max(2, min(n_dims // 2, MOST_ACTIVE))
    uses = np.mean(codes != 0, axis=0)
    counted = np.where(uses > 0.1 * uses.mean(), truth[n_samples:], 0)

    def score(by: Array | np.ndarray) -> float:
        fresh, level = jnp.asarray(y[n_samples:]), jnp.float32(noise_std)
        wide = programs.padded(by, widest)
        codes = programs.code(wide, fresh, level, most_active=most_active, nonnegative=nonnegative)
        return float(programs.recovery_score(programs.padded(counted, widest), codes))

    return Twin(score(found), score(dictionary))
