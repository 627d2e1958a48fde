"""Classifier, anomaly scores, ROC curves and receptive fields: scikit-learn, SciPy, closed forms, planted Gabors."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
from compiled_metrics import metrics
from scipy import optimize, spatial
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from analysis.metrics import neighbour_distance


def call(function, *arrays, **settings):
    return np.asarray(function(*map(jnp.asarray, arrays), **settings))


class TestAuroc:
    def test_against_scikit_learn_with_ties(self):
        rng = np.random.default_rng(0)
        scores = np.round(rng.normal(size=(60, 3)), 1).astype(np.float32)
        positive = rng.random((60, 2)) < 0.3
        expected = [[roc_auc_score(p, s) for p in positive.T] for s in scores.T]
        np.testing.assert_allclose(call(metrics.auroc, scores, positive), expected, atol=1e-6)

    def test_what_is_undefined_is_nan(self):
        scores = np.array([[0.0, 1.0], [1.0, np.nan], [2.0, 0.0]], np.float32)
        found = call(metrics.auroc, scores, np.array([[True, False], [False, False], [False, False]]))
        assert found[0, 0] == 0
        assert np.isnan([found[0, 1], found[1, 0], found[1, 1]]).all()


@pytest.fixture(scope="module")
def data():
    """Three classes of 20 items with 4 features."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(3), 20)
    return (rng.normal(size=(60, 4)) + rng.normal(size=(3, 4))[labels]).astype(np.float32), labels


class TestProbe:
    @pytest.mark.parametrize("n", [60, 41])
    def test_coefficients_are_scikit_learns(self, data, n):
        """With the last items unimportant as well as with all of them."""
        features, labels = data
        importance = (np.arange(60) < n).astype(np.float32)
        probe = metrics.fit_softmax_probe(*map(jnp.asarray, (features, labels, importance)), n_classes=3, penalty=0.05)
        # scikit-learn minimises C times the sum of the losses plus half the squared weights.
        theirs = LogisticRegression(C=1 / (0.05 * n), solver="newton-cholesky", tol=1e-10)
        theirs.fit(features[:n].astype(float), labels[:n])
        # Single precision: gradients end at about 1e-7, and the penalty, the least curvature, is .05.
        assert probe.gradient < 1e-6
        np.testing.assert_allclose(np.asarray(probe.weights).T, theirs.coef_, atol=1e-4)
        bias = np.asarray(probe.bias)
        np.testing.assert_allclose(bias - bias.mean(), theirs.intercept_ - theirs.intercept_.mean(), atol=1e-4)
        assert np.array_equal(probe.predict(jnp.asarray(features)), theirs.predict(features))


class TestAnomaly:
    def test_against_scikit_learn_and_scipy(self):
        rng = np.random.default_rng(2)
        normal, items = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=(7, 3)).astype(np.float32) + 1
        near = NearestNeighbors(n_neighbors=5).fit(normal).kneighbors(items)[0].mean(axis=1)
        np.testing.assert_allclose(call(metrics.neighbour_distance, normal, items), near, rtol=1e-4)
        inverse = np.linalg.inv(np.cov(normal.T, bias=True))
        expected = [spatial.distance.mahalanobis(item, normal.mean(axis=0), inverse) for item in items]
        np.testing.assert_allclose(call(metrics.mahalanobis_distance, normal, items, ridge=0.0), expected, rtol=1e-4)
        flat = np.concatenate([normal, np.zeros((40, 1), np.float32)], axis=1)
        assert np.isfinite(call(metrics.mahalanobis_distance, flat, np.ones((2, 4), np.float32), ridge=1e-3)).all()

    def test_number_of_neighbours_is_checked(self):
        with pytest.raises(ValueError, match="from 1 to the 4 normal items, not 5"):
            neighbour_distance(jnp.ones((4, 2)), jnp.ones((1, 2)))


def gabor(row, column, frequency, orientation, across, along, a, b, side=12):
    """Written out anew, in NumPy."""
    y, x = np.mgrid[:side, :side]
    u = (x - column) * np.cos(orientation) + (y - row) * np.sin(orientation)
    v = (y - row) * np.cos(orientation) - (x - column) * np.sin(orientation)
    wave = a * np.cos(2 * np.pi * frequency * u) + b * np.sin(2 * np.pi * frequency * u)
    return np.exp(-(u**2) / (2 * across**2) - v**2 / (2 * along**2)) * wave


PLANTED = (
    (5.2, 6.1, 0.2, 0.4, 1.8, 2.5, 1.0, 0.3),
    (4.0, 7.5, 0.15, 2.2, 2.0, 2.0, 0.2, -1.0),
    (6.0, 5.0, 0.3, 1.5, 1.5, 3.0, 1.0, 1.0),
)


@pytest.fixture(scope="module")
def fitted():
    """Three Gabor functions, the first also with noise of a fifth of its energy, 20 atoms of noise, and one of zero."""
    rng = np.random.default_rng(3)
    planted = np.stack([gabor(*one) for one in PLANTED])
    noise = rng.normal(size=planted[0].shape)
    noisy = planted[0] + noise * np.linalg.norm(planted[0]) / np.linalg.norm(noise) * np.sqrt(0.2)
    atoms = np.concatenate([planted, noisy[None], rng.normal(size=(20, 12, 12)), np.zeros((1, 12, 12))])
    found = metrics.fit_gabor(jnp.asarray(atoms, jnp.float32), n_steps=150)
    return atoms, SimpleNamespace(**{name: np.asarray(values) for name, values in vars(found).items()})


class TestReceptiveFields:
    def test_planted_ones_are_found(self, fitted):
        _, found = fitted
        assert found.r2[:3].min() > 0.995
        for i, (row, column, frequency, orientation, *_) in enumerate(PLANTED):
            assert found.frequency[i] == pytest.approx(frequency, abs=0.01)
            assert abs(np.exp(2j * found.orientation[i]) - np.exp(2j * orientation)) < 0.1
            assert np.hypot(found.row[i] - row, found.column[i] - column) < 0.5

    def test_least_squares_from_the_truth_is_no_better(self, fitted):
        """SciPy's optimum, started where the function was planted: the fit is not a worse local one."""
        atoms, found = fitted
        atom = atoms[3] / np.linalg.norm(atoms[3])
        result = optimize.least_squares(lambda p: (gabor(*p) - atom).ravel(), PLANTED[0])
        assert found.r2[3] > 1 - 2 * result.cost - 0.005

    def test_noise_is_far_from_a_gabor_and_nothing_is_nan(self, fitted):
        _, found = fitted
        # 8 numbers can take at least 8 of 144 degrees of freedom, and the best of many optima several times that.
        assert 8 / 144 < found.r2[4:24].mean() < 0.35
        assert np.isnan(found.r2[24])

    def test_areas_in_closed_form(self):
        rng = np.random.default_rng(4)
        pixel, noise = np.zeros((20, 20)), rng.normal(size=(200, 20, 20))
        pixel[3, 4] = -2
        grating = np.cos(2 * np.pi * 5 * np.arange(20) / 20)[None, :] * np.ones((20, 1))
        atoms = np.concatenate([pixel[None], np.ones((1, 20, 20)), grating[None], noise]).astype(np.float32)
        found = call(metrics.area_fraction, atoms)
        # cos^2 is 1, 0, 1, 0: half of the patch.
        np.testing.assert_allclose(found[:3], [1 / 400, 1, 1 / 2], rtol=1e-5)
        assert found[3:].mean() == pytest.approx(1 / 3, abs=4 * found[3:].std() / np.sqrt(200) + 1 / 400)

    def test_orientation(self):
        angles = np.deg2rad([0, 30, 90])
        gratings = np.stack([gabor(7.5, 7.5, 0.25, angle, 4, 4, 1, 0, side=16) for angle in angles])
        y, x = np.mgrid[:16, :16] - 7.5
        radius = np.hypot(x, y)
        round_ = np.exp(-(radius**2) / 8) * np.cos(radius)
        found = call(metrics.orientation_selectivity, np.concatenate([gratings, round_[None]]).astype(np.float32))
        assert found[:3].min() > 0.9
        assert found[3] < 0.01
