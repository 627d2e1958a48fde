"""Estimators without truth, against closed forms, scikit-learn, and worlds whose spectrum is known."""

import numpy as np
import pytest
from scipy import integrate
from scipy.special import expit
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression

from analysis.diagnosis import (
    brier_score,
    calibration_error,
    clear_cases,
    count_stable,
    cross_predicted,
    fit_monotone_logistic,
    gaussian_hidden_error,
    hidden_folds,
    logit_residuals,
    marchenko_pastur_quantile,
    mutual_matches,
    participation_ratio,
    share_of_opposites,
    share_right,
    shifted,
    shrunk_covariance,
    spectral_noise_std,
    spectrum,
    verdict_of,
)


def test_participation_ratio_of_equal_and_of_one_eigenvalue():
    assert participation_ratio(np.full(7, 3.0)) == pytest.approx(7)
    assert participation_ratio([5.0, 0, 0]) == pytest.approx(1)
    assert participation_ratio([2.0, 1, 1]) == pytest.approx(16 / 6)
    assert np.isnan(participation_ratio([0.0, 0]))


@pytest.mark.parametrize("aspect", [0.1, 0.5, 1.0])
def test_marchenko_pastur_quantile_against_its_density(aspect):
    low, high = (1 - np.sqrt(aspect)) ** 2, (1 + np.sqrt(aspect)) ** 2

    def density(x):
        return np.sqrt((high - x) * (x - low)) / (2 * np.pi * aspect * x)

    for share in (0.25, 0.5):
        x = marchenko_pastur_quantile(share, aspect)
        below = integrate.quad(density, low, x, limit=200)[0]
        assert below == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(("n_samples", "n_dims"), [(400, 40), (60, 40), (30, 40)])
def test_noise_of_pure_noise(n_samples, n_dims):
    y = 0.3 * np.random.default_rng(0).standard_normal((n_samples, n_dims))
    # A quantile of M eigenvalues moves by about 1/M; the mean .05 is far above it.
    assert spectrum(y).noise_std == pytest.approx(0.3, rel=0.06)


def test_noise_and_rank_of_a_spiked_spectrum():
    """Five strong directions in 40 dimensions: the rest is noise, and the count is exact."""
    rng = np.random.default_rng(1)
    axes = np.linalg.qr(rng.standard_normal((40, 5)))[0]
    y = 3.0 * rng.standard_normal((500, 5)) @ axes.T + 0.5 * rng.standard_normal((500, 40)) + 1.0
    found = spectrum(y)
    assert found.noise_std == pytest.approx(0.5, rel=0.05)
    assert found.n_above_noise == 5
    # E ||mean||^2 = 40; E ||y||^2 = 40 + 5 9 + 40 / 4.
    assert found.mean_share == pytest.approx(40 / 95, rel=0.03)
    with pytest.raises(ValueError, match="at least 2 samples"):
        spectrum(y[:1])


def test_noise_is_an_upper_bound_where_the_signal_fills_all_dimensions():
    assert spectral_noise_std(np.full(20, 4.0) + 0.01, 10**9) == pytest.approx(np.sqrt(4.01), rel=1e-3)


def test_shrunk_covariance_is_ledoit_and_wolfs():
    y = np.random.default_rng(2).standard_normal((15, 6)) * np.arange(1, 7)
    np.testing.assert_allclose(shrunk_covariance(y), ledoit_wolf(y)[0], rtol=1e-10)


def test_every_coordinate_is_hidden_in_one_fold():
    folds = hidden_folds(13, 5, seed=3)
    np.testing.assert_array_equal(folds.sum(axis=0), 1)
    assert set(folds.sum(axis=1)) == {2, 3}
    np.testing.assert_array_equal(folds, hidden_folds(13, 5, seed=3))
    with pytest.raises(ValueError, match="from 2 to n_dims"):
        hidden_folds(4, 5, seed=0)


def test_gaussian_error_is_the_conditional_variance():
    """Equal correlation r: hidden coordinates have variance 1 - m r^2 / (1 + (m - 1) r) given m others."""
    rng = np.random.default_rng(4)
    r, n_dims, n_folds = 0.6, 6, 3
    covariance = (1 - r) * np.eye(n_dims) + r
    train, test = (rng.multivariate_normal(np.ones(n_dims), covariance, size=n) for n in (4000, 6000))
    errors = gaussian_hidden_error(train, test.reshape(n_folds, -1, n_dims), hidden_folds(n_dims, n_folds, seed=0))
    expected = 1 - 4 * r**2 / (1 + 3 * r)
    # The mean of 6000 squares, each the mean of two that are correlated: a standard error of about 1.7%.
    assert errors.shape == (n_folds, 2000)
    assert errors.mean() == pytest.approx(expected, rel=0.06)


def test_matches_survive_permutation_sign_and_spare_atoms():
    rng = np.random.default_rng(5)
    atoms = rng.standard_normal((20, 8))
    atoms /= np.linalg.norm(atoms, axis=0)
    spare = np.linalg.qr(rng.standard_normal((20, 2)))[0]
    signs = np.array([1, -1, 1, 1, -1, 1, 1, 1])
    other = np.hstack([(atoms * signs)[:, rng.permutation(8)], spare])
    assert count_stable(atoms, other, signed=True) == 8
    np.testing.assert_allclose(np.sort(mutual_matches(atoms, other, signed=True))[-8:], 1)
    assert count_stable(atoms, other, signed=False) == 6
    unrelated = rng.standard_normal((20, 8))
    assert count_stable(atoms, unrelated / np.linalg.norm(unrelated, axis=0), signed=True) == 0


def test_opposites_are_counted():
    axes = np.eye(5)
    assert share_of_opposites(np.hstack([axes, -axes[:, :2]])) == 4 / 7
    assert share_of_opposites(axes) == 0


def _outcomes(n=400):
    rng = np.random.default_rng(6)
    x = rng.standard_normal((n, 2)) * [2.0, 0.5] + [1.0, -1.0]
    return x, (rng.random(n) < expit(x[:, 0] + 2 * x[:, 1])).astype(float)


def test_logistic_model_is_scikit_learns():
    """Where no weight would be negative, the same penalised fit."""
    x, outcomes = _outcomes()
    model = fit_monotone_logistic(x, outcomes, n_resamples=0)
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    # Their C is per sum of losses, our ridge per mean.
    peer = LogisticRegression(C=1 / (0.02 * len(x)), tol=1e-8).fit(scaled, outcomes)
    np.testing.assert_allclose(model.weights, [peer.intercept_[0], *peer.coef_[0]], atol=2e-3)
    np.testing.assert_allclose(model.predict(x), peer.predict_proba(scaled)[:, 1], atol=2e-3)


def test_logistic_model_never_falls():
    x, outcomes = _outcomes()
    x[:, 1] *= -1
    model = fit_monotone_logistic(x, outcomes, n_resamples=20)
    assert model.weights[2] == 0
    assert np.all(model.resampled[:, 1:] >= 0)
    low, high = model.interval(x[:5])
    assert np.all((low <= model.predict(x[:5])) & (model.predict(x[:5]) <= high))


def test_logistic_model_of_scores_and_separable_outcomes():
    """Targets that are probabilities already are given back; separable ones keep the weights finite."""
    x = np.linspace(-2, 2, 200)[:, None]
    scores = expit(0.5 + 0.8 * x[:, 0])
    model = fit_monotone_logistic(x, scores, n_resamples=0)
    # The ridge draws them in a little.
    np.testing.assert_allclose(model.predict(x), scores, atol=0.03)
    assert np.all(np.isfinite(fit_monotone_logistic(x, (x[:, 0] > 0).astype(float), n_resamples=0).weights))
    held_out = cross_predicted(x, scores)
    np.testing.assert_allclose(held_out, scores, atol=0.05)
    with pytest.raises(ValueError, match=r"targets in \[0, 1\]"):
        fit_monotone_logistic(x, 2 * scores)


def test_residuals_are_taken_on_the_logit_scale_and_back():
    residual = logit_residuals([0.7, 1.0], [0.9, 1.0])
    assert shifted(0.7, residual[0]) == pytest.approx(0.9)
    assert residual[1] == 0


def test_brier_score_and_calibration_error_of_known_cases():
    assert brier_score([1, 0, 1], [1, 0, 1]) == 0
    assert brier_score(np.full(10, 0.5), np.arange(10) % 2) == 0.25
    assert calibration_error([0.1] * 10 + [0.9] * 10, [0] * 9 + [1] + [1] * 9 + [0]) == pytest.approx(0)
    # All are said to be certain, and half are not.
    assert calibration_error(np.ones(10), np.arange(10) % 2) == pytest.approx(0.5)


def test_verdicts_and_what_counts_as_right():
    verdicts = [verdict_of(p, go=0.7, no_go=0.3) for p in (0.9, 0.7, 0.5, 0.3, 0.0)]
    assert verdicts == ["go", "go", "uncertain", "no-go", "no-go"]
    recovery = [0.95, 0.4, 0.95, 0.2, 0.7]
    np.testing.assert_array_equal(clear_cases(recovery), [True, True, True, True, False])
    assert share_right(verdicts[:4], recovery[:4]) == 0.5
    assert np.isnan(share_right([], []))
