"""Bootstrap, isotonic boundary, finite sizes and tests of theory: SciPy, scikit-learn, and coverage by simulation."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from analysis.statistics import (
    bootstrap_interval,
    boundary_likelihood_ratio,
    corrected_mean_interval,
    corrected_score_interval,
    fit_boundary,
    fit_boundary_scaling,
    fit_width_scaling,
    holm_adjusted,
    isotonic_boundary,
    isotonic_rates,
    mean_interval,
    theory_test,
)

X = np.linspace(0.05, 1, 20)


class TestBootstrap:
    def test_against_scipy(self):
        values = np.random.default_rng(0).exponential(size=60)
        found = bootstrap_interval(lambda x: np.mean(x), values, n_resamples=4000, level=0.9)
        expected = stats.bootstrap(
            (values,), np.mean, n_resamples=4000, confidence_level=0.9, method="percentile", rng=1
        )
        # A 5 % quantile of 4,000 draws has a standard error of 2.1 / sqrt(4000) standard deviations.
        slack = 4 * 2.1 / np.sqrt(4000) * expected.standard_error * np.sqrt(2)
        assert found.low == pytest.approx(expected.confidence_interval.low, abs=slack)
        assert found.high == pytest.approx(expected.confidence_interval.high, abs=slack)
        assert found.estimate == pytest.approx(values.mean())

    def test_rows_stay_together_and_bad_input(self):
        x = np.random.default_rng(1).standard_normal(30)
        same = bootstrap_interval(lambda a, b: np.corrcoef(a, b)[0, 1], x, 2 * x, n_resamples=50)
        assert same.low == pytest.approx(1)
        with pytest.raises(ValueError, match="as many in each sample"):
            bootstrap_interval(lambda a, b: 0.0, [1.0], [1.0, 2.0])
        with pytest.raises(ValueError, match="as many in each sample"):
            bootstrap_interval(lambda a: 0.0, [])

    def test_corrected_score_covers(self):
        """200 drawn sets of 50 pairs around .8 and 40 permutations around .3: truth (.8 - .3) / .7.

        At a true coverage of .95 the count has a standard error of .015; a percentile interval of 50 values falls a
        little short of it.
        """
        rng = np.random.default_rng(2)
        inside = 0
        for seed in range(200):
            found = corrected_score_interval(
                rng.normal(0.8, 0.1, 50), rng.normal(0.3, 0.03, 40), n_resamples=400, seed=seed
            )
            inside += found.low <= 0.5 / 0.7 <= found.high
        assert 0.90 <= inside / 200 <= 0.99
        assert np.isnan(corrected_score_interval([], [0.3]).estimate)
        assert np.isnan(corrected_score_interval([0.5], [1.0]).estimate)


class TestCorrectedMean:
    def test_five_trials_cover(self):
        """1,000 times 5 trials whose score and chance vary together: (.6 - .4) / .6.

        A share of .95 has a standard error of .007; the ratio is linear only to first order.
        """
        rng = np.random.default_rng(3)
        inside = 0
        for _ in range(1000):
            shared = 0.02 * rng.standard_normal(5)
            found = corrected_mean_interval(0.6 + shared + 0.02 * rng.standard_normal(5), 0.4 + shared)
            inside += found.low <= 1 / 3 <= found.high
        assert inside / 1000 == pytest.approx(0.95, abs=0.025)

    def test_edges(self):
        plain = mean_interval([0.1, 0.3, 0.2])
        known = corrected_mean_interval([0.1, 0.3, 0.2], [-3, -2, -1])
        assert (known.estimate, known.low) == (pytest.approx(plain.estimate), pytest.approx(plain.low))
        perfect = corrected_mean_interval([1, 1, 1], [0.2, 0.3, 0.1])
        assert (perfect.estimate, perfect.low, perfect.high) == (1, 1, 1)
        assert np.isnan(corrected_mean_interval([1.0, 1.0], [1.0, 1.0]).estimate)
        assert np.isnan(corrected_mean_interval([0.5], [0.1]).low)
        assert np.isnan(corrected_mean_interval([], []).estimate)
        with pytest.raises(ValueError, match="vectors of one length"):
            corrected_mean_interval([1.0], [0.1, 0.2])


class TestIsotonic:
    def test_rates_against_scikit_learn(self):
        rng = np.random.default_rng(0)
        trials = rng.integers(1, 20, size=20)
        successes = rng.binomial(trials, expit((0.5 - X) / 0.2))
        model = IsotonicRegression(increasing=False).fit(X, successes / trials, sample_weight=trials)
        np.testing.assert_allclose(isotonic_rates(successes, trials), model.predict(X), atol=1e-6)
        with pytest.raises(ValueError, match="every point needs trials"):
            isotonic_rates([1, 0], [1, 0])

    @pytest.mark.parametrize("width", [0.03, 0.15])
    def test_coverage_and_agreement_with_the_logistic_fit(self, width):
        """120 curves of 20 trials at 20 points; at .95 the share has a standard error of .02."""
        rng = np.random.default_rng(int(100 * width))
        truths = rng.uniform(0.3, 0.7, 120)
        counts = [rng.binomial(20, expit((x50 - X) / width)) for x50 in truths]
        found = [isotonic_boundary(X, s, np.full(20, 20), n_resamples=200) for s in counts]
        assert np.mean([f.low <= x50 <= f.high for f, x50 in zip(found, truths, strict=True)]) >= 0.89
        error = np.array([f.x50 for f in found]) - truths
        assert abs(error.mean()) < 3 * error.std() / np.sqrt(120)
        logistic = [fit_boundary(X, s, np.full(20, 20)).x50 for s in counts[:20]]
        assert np.max(np.abs(error[:20] + truths[:20] - logistic)) < 0.5 * width + 0.03

    def test_a_shape_that_no_logistic_has(self):
        # A plateau at .6 and then a fall: the logistic's x50 is drawn into the plateau, the isotonic one is not.
        rates = np.where(X < 0.1, 1.0, np.where(X < 0.72, 0.6, 0.0))
        counts = np.round(100 * rates)
        found = isotonic_boundary(X, counts, np.full(20, 100))
        assert 0.70 <= found.x50 <= 0.75
        assert fit_boundary(X, counts, np.full(20, 100)).x50 < 0.65

    def test_edges(self):
        step = isotonic_boundary([1, 2, 3, 4], [20, 20, 0, 0], [20] * 4)
        assert (step.status, step.x50) == ("separated", 2.5)
        assert step.low <= 2 < 3 <= step.high
        above = isotonic_boundary([1, 2], [5, 5], [5, 5])
        below = isotonic_boundary([1, 2], [0, 0], [5, 5])
        assert (above.status, above.high, below.status, below.low) == ("above_range", np.inf, "below_range", -np.inf)
        assert isotonic_boundary([1, 2], [5, 5], [10, 10]).status == "no_transition"
        assert isotonic_boundary([], [], []).status == "no_data"
        shuffled = isotonic_boundary([3, 1, 4, 2], [0, 20, 0, 20], [20] * 4)
        assert shuffled == step


class TestFiniteSize:
    SIZES = np.array([100, 200, 400, 800, 1600])

    def test_against_numpy_and_coverage(self):
        rng = np.random.default_rng(0)
        se = np.array([0.01, 0.008, 0.006, 0.004, 0.003])
        inside = np.zeros(2)
        misfits = []
        for _ in range(400):
            values = 0.386 - 0.9 * self.SIZES ** (-2 / 3) + se * rng.standard_normal(5)
            found = fit_boundary_scaling(self.SIZES, values, se)
            inside += [found.constant.low <= 0.386 <= found.constant.high, found.slope.low <= -0.9 <= found.slope.high]
            misfits.append(found.p_value)
        # .95 with a standard error of .011; p-values are uniform where the law holds.
        np.testing.assert_allclose(inside / 400, 0.95, atol=0.035)
        assert stats.kstest(misfits, "uniform").pvalue > 0.01
        coefficients, covariance = np.polyfit(self.SIZES ** (-2 / 3), values, 1, w=1 / se, cov="unscaled")
        assert (found.slope.estimate, found.constant.estimate) == pytest.approx(tuple(coefficients))
        half = stats.norm.ppf(0.975) * np.sqrt(np.diag(covariance))
        assert found.constant.high - found.constant.estimate == pytest.approx(half[1])
        assert found.correlation == pytest.approx(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))

    def test_wrong_exponent_is_rejected(self):
        values = 0.386 - 0.9 * self.SIZES ** (-2 / 3)
        assert fit_boundary_scaling(self.SIZES, values, np.full(5, 1e-5)).p_value > 0.99
        assert fit_boundary_scaling(self.SIZES, values, np.full(5, 1e-5), exponent=1.5).p_value < 1e-6

    def test_width_slope(self):
        found = fit_width_scaling(self.SIZES, 0.7 * self.SIZES**-0.5, 0.01 * self.SIZES**-0.5)
        assert found.slope.estimate == pytest.approx(-0.5)
        assert np.exp(found.constant.estimate) == pytest.approx(0.7)
        assert found.slope.low < -0.5 < found.slope.high

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([100, 100], [0.3, 0.4], [0.1, 0.1]), "two different sizes"),
            (([100, 200], [0.3, np.nan], [0.1, 0.1]), "finite"),
            (([100, 200], [0.3, 0.4], [0.1, 0.0]), "positive"),
            (([100, 200], [0.3, 0.4], [0.1]), "one length"),
        ],
    )
    def test_bad_input(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            fit_boundary_scaling(*arguments)
        with pytest.raises(ValueError, match="exponent must be positive"):
            fit_boundary_scaling([1, 2], [1, 2], [1, 1], exponent=0)
        with pytest.raises(ValueError, match="widths must be positive"):
            fit_width_scaling([1, 2], [1, -2], [1, 1])


class TestTheoryTest:
    def test_one_measurement_is_the_z_test(self):
        found = theory_test(0.5, 0.02, 0.45)
        assert found.p_value == pytest.approx(2 * stats.norm.sf(2.5))
        several = theory_test([0.5, np.nan, 0.3], [0.02, 0.1, 0.1], [0.45, 0.1, 0.3])
        assert (several.statistic, several.freedom) == (pytest.approx(6.25), 2)
        assert np.isnan(theory_test(np.nan, 1, 0).p_value)
        with pytest.raises(ValueError, match="standard errors must be positive"):
            theory_test(1, 0, 1)

    def test_likelihood_ratio_is_the_interval_turned_round(self):
        successes = np.random.default_rng(0).binomial(20, expit((0.52 - X) / 0.08))
        fit = fit_boundary(X, successes, np.full(20, 20))
        for end in (fit.low, fit.high):
            assert boundary_likelihood_ratio(X, successes, np.full(20, 20), end).p_value == pytest.approx(
                0.05, abs=1e-3
            )
        assert boundary_likelihood_ratio(X, successes, np.full(20, 20), fit.x50).p_value > 0.99
        assert np.isnan(boundary_likelihood_ratio([1, 2], [5, 5], [10, 10], 1.5).p_value)
        assert np.isnan(boundary_likelihood_ratio(X, successes, np.full(20, 20), np.inf).p_value)

    def test_likelihood_ratio_holds_its_size_where_theory_holds(self):
        """Over 80 curves; a share of .1 has a standard error of .034, a mean p-value of one half .032."""
        rng = np.random.default_rng(4)
        p_values = []
        for _ in range(80):
            x50 = rng.uniform(0.4, 0.6)
            successes = rng.binomial(20, expit((x50 - X) / 0.1))
            p_values.append(boundary_likelihood_ratio(X, successes, np.full(20, 20), x50).p_value)
        assert np.mean(np.array(p_values) < 0.1) < 0.1 + 3 * 0.034
        assert np.mean(p_values) == pytest.approx(0.5, abs=3 * 0.032)


def test_holm_rejects_what_every_intersection_rejects():
    """Holm's procedure is the closed test over Bonferroni: an hypothesis falls where every set that holds it does."""
    rng = np.random.default_rng(6)
    for p in rng.beta(0.4, 2, (20, 5)):
        adjusted = holm_adjusted(p)
        for i in range(5):
            sets = [np.array([j for j in range(5) if bits >> j & 1]) for bits in range(32) if bits >> i & 1]
            assert adjusted[i] == pytest.approx(min(1, max(len(s) * p[s].min() for s in sets)))
    np.testing.assert_array_equal(holm_adjusted([0.5, np.nan, 0.01]), [0.5, np.nan, 0.02])
