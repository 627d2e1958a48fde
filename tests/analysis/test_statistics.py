"""Intervals and the boundary fit: closed forms, SciPy, an independent optimiser, and coverage by simulation."""

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit, log_expit

from analysis.comparison import compare_with_theory, paired_difference
from analysis.statistics import fit_boundary, mean_interval, wilson_interval


class TestMeanInterval:
    def test_against_scipy(self):
        values = np.random.default_rng(0).standard_normal((3, 7))
        for axis in (0, 1):
            found = mean_interval(values, axis=axis, level=0.9)
            n = values.shape[axis]
            low, high = stats.t.interval(0.9, n - 1, values.mean(axis), stats.sem(values, axis))
            np.testing.assert_allclose(found.estimate, values.mean(axis))
            np.testing.assert_allclose(found.low, low)
            np.testing.assert_allclose(found.high, high)
            np.testing.assert_array_equal(found.n, n)

    def test_one_value_none_and_non_finite(self):
        one = mean_interval([3.0])
        assert one.estimate == 3
        assert np.isnan(one.low)
        assert np.isnan(one.high)
        assert np.isnan(mean_interval([]).estimate)
        assert np.isnan(mean_interval([1.0, np.inf, 2.0]).estimate)

    def test_level_is_checked(self):
        with pytest.raises(ValueError, match="level must be inside"):
            mean_interval([1.0, 2.0], level=95)


class TestWilsonInterval:
    @pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
    def test_against_scipy(self, level):
        successes, trials = np.array([0, 1, 7, 20]), 20
        found = wilson_interval(successes, trials, level=level)
        for i, s in enumerate(successes):
            expected = stats.binomtest(int(s), trials).proportion_ci(level, method="wilson")
            assert found.low[i] == pytest.approx(expected.low, abs=1e-12)
            assert found.high[i] == pytest.approx(expected.high, abs=1e-12)
        np.testing.assert_allclose(found.estimate, successes / trials)

    def test_no_trials_and_bad_counts(self):
        found = wilson_interval([0], [0])
        assert np.isnan(found.estimate[0])
        assert (found.low[0], found.high[0]) == (0, 1)
        for successes, trials in ((3, 2), (-1, 2), (np.nan, 2)):
            with pytest.raises(ValueError, match="between 0 and trials"):
                wilson_interval(successes, trials)


X = np.linspace(0.05, 1, 20)
SPACING = X[1] - X[0]


def simulate(rng, x50, width, trials, x=X):
    return rng.binomial(trials, expit((x50 - x) / width))


class TestBoundaryFit:
    def test_maximum_likelihood_against_a_general_optimiser(self):
        successes = simulate(np.random.default_rng(0), 0.52, 0.08, 20)

        def negative(parameters):
            logit = (parameters[0] - X) / np.exp(parameters[1])
            return -(log_expit(logit) @ successes + log_expit(-logit) @ (20 - successes))

        best = optimize.minimize(
            negative, [0.5, np.log(0.1)], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
        )
        found = fit_boundary(X, successes, np.full(20, 20))
        assert found.status == "ok"
        assert found.x50 == pytest.approx(best.x[0], abs=1e-6)
        assert found.width == pytest.approx(np.exp(best.x[1]), rel=1e-4)

    def test_interval_ends_where_the_profile_has_fallen_by_half_the_quantile(self):
        successes = simulate(np.random.default_rng(0), 0.52, 0.08, 20)

        def profile(x50):
            def negative(log_width):
                logit = (x50 - X) / np.exp(log_width)
                return -(log_expit(logit) @ successes + log_expit(-logit) @ (20 - successes))

            return -optimize.minimize_scalar(negative, bounds=(-6, 1), method="bounded", options={"xatol": 1e-9}).fun

        for level in (0.5, 0.95):
            found = fit_boundary(X, successes, np.full(20, 20), level=level)
            drop = stats.chi2.ppf(level, 1) / 2
            for end in (found.low, found.high):
                assert profile(found.x50) - profile(end) == pytest.approx(drop, abs=1e-5)

    @pytest.mark.parametrize("scale", [1e-6, 1e6])
    def test_moves_and_scales_with_x(self, scale):
        successes = simulate(np.random.default_rng(1), 0.4, 0.05, 20)
        plain, scaled = (
            fit_boundary(X, successes, np.full(20, 20)),
            fit_boundary(scale * (X + 3), successes, np.full(20, 20)),
        )
        for name in ("x50", "low", "high"):
            assert getattr(scaled, name) == pytest.approx(scale * (getattr(plain, name) + 3), rel=1e-6)
        assert scaled.width == pytest.approx(scale * plain.width, rel=1e-4)

    def test_order_repeats_and_empty_points_do_not_matter(self):
        successes = simulate(np.random.default_rng(2), 0.4, 0.05, 20)
        plain = fit_boundary(X, successes, np.full(20, 20))
        order = np.random.default_rng(0).permutation(20)
        assert fit_boundary(X[order], successes[order], np.full(20, 20)) == plain
        first = np.minimum(successes, 9)
        x, s, n = np.tile(X, 2), np.r_[first, successes - first], np.r_[np.full(20, 9), np.full(20, 11)]
        assert fit_boundary(x, s, n) == plain
        assert fit_boundary(np.r_[X, 0.123], np.r_[successes, 0], np.r_[np.full(20, 20), 0]) == plain


class TestBoundaryEdges:
    @pytest.mark.parametrize("last", [1, 10, 19])
    def test_a_step_spans_the_gap(self, last):
        found = fit_boundary(X, np.where(np.arange(20) < last, 20, 0), np.full(20, 20))
        assert found.status == "separated"
        assert found.x50 == pytest.approx((X[last - 1] + X[last]) / 2)
        # 20 trials a point leave no room outside the gap.
        assert (found.low, found.high) == (X[last - 1], X[last])

    def test_a_step_of_single_trials_is_less_certain(self):
        found = fit_boundary([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 1, 1])
        assert found.status == "separated"
        assert found.x50 == 2.5
        assert found.low < 2
        assert found.high > 3
        assert fit_boundary([1, 2], [1, 0], [1, 1]).high > found.high

    def test_all_success_and_all_failure(self):
        above, below = fit_boundary(X, np.full(20, 20), np.full(20, 20)), fit_boundary(X, np.zeros(20), np.full(20, 20))
        assert (above.status, above.low, above.high) == ("above_range", X[-1], np.inf)
        assert (below.status, below.low, below.high) == ("below_range", -np.inf, X[0])
        assert np.isnan([above.x50, below.x50]).all()
        # One trial a point says less than that about the last points.
        assert fit_boundary(X, np.ones(20), np.ones(20)).low < X[-1]

    def test_mostly_success_is_not_extrapolated(self):
        found = fit_boundary([1, 2, 3], [20, 20, 15], [20, 20, 20])
        assert found.status == "above_range"
        assert np.isnan(found.x50)
        assert found.low > 3
        assert found.high == np.inf

    def test_one_mixed_point(self):
        found = fit_boundary([1, 2, 3], [20, 10, 0], [20, 20, 20])
        assert found.status == "ok"
        assert found.x50 == pytest.approx(2, abs=1e-4)
        assert 1.5 < found.low < 2 < found.high < 2.5

    @pytest.mark.parametrize("successes", [[10, 10, 10, 10], [0, 5, 15, 20]])
    def test_flat_or_rising_has_no_transition(self, successes):
        found = fit_boundary([1, 2, 3, 4], successes, [20] * 4)
        assert (found.status, found.low, found.high) == ("no_transition", -np.inf, np.inf)

    def test_one_point(self):
        assert fit_boundary([0.5], [20], [20]).status == "above_range"
        assert fit_boundary([0.5], [0], [20]).status == "below_range"
        assert fit_boundary([0.5], [10], [20]).status == "no_transition"

    def test_no_data(self):
        assert fit_boundary([], [], []).status == "no_data"
        assert fit_boundary([1, 2], [0, 0], [0, 0]).status == "no_data"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([1, 2], [1], [1]), "one length"),
            (([1, np.nan], [1, 1], [1, 1]), "finite"),
            (([1, 2], [3, 1], [2, 2]), "between 0 and trials"),
            (([1, 2], [-1, 1], [2, 2]), "between 0 and trials"),
        ],
    )
    def test_bad_input_is_one_line(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            fit_boundary(*arguments)
        with pytest.raises(ValueError, match="level"):
            fit_boundary([1, 2], [1, 0], [1, 1], level=1.0)


@pytest.mark.parametrize("width", [0.02, 0.1, 0.3, 0.7, 1.5, 3])
def test_boundary_coverage(width):
    """Over 200 simulated curves whose x50 falls anywhere, `width` in grid spacings, 20 trials x 20 points.

    At a true coverage of .95 the count has a standard error of 3.1 in 200: .90 is three of them away. Where the curve
    is steeper than the grid, the interval covers the whole gap and so always more than its level.
    """
    rng = np.random.default_rng(int(1000 * width))
    truths = rng.uniform(0.3, 0.7, 200)
    fits = [fit_boundary(X, simulate(rng, x50, width * SPACING, 20), np.full(20, 20)) for x50 in truths]
    coverage = np.mean([fit.low <= x50 <= fit.high for fit, x50 in zip(fits, truths, strict=True)])
    assert coverage >= 0.90
    assert width < 0.3 or coverage <= 0.99
    estimated = np.array([fit.x50 for fit in fits])
    # Unbiased to three standard errors of the mean of 200.
    assert abs(np.mean(estimated - truths)) < 3 * np.std(estimated - truths) / np.sqrt(200)


class TestComparison:
    def test_pairing_removes_what_pairs_share(self):
        rng = np.random.default_rng(0)
        shared = 10 * rng.standard_normal(12)
        a, b = shared + 1 + 0.1 * rng.standard_normal(12), shared + 0.1 * rng.standard_normal(12)
        found = paired_difference(a, b)
        expected = stats.ttest_rel(a, b).confidence_interval(0.95)
        assert found.low == pytest.approx(expected.low)
        assert found.high == pytest.approx(expected.high)
        assert 0.8 < found.low < found.high < 1.2
        with pytest.raises(ValueError, match="equal shapes"):
            paired_difference([1.0, 2.0], [1.0])

    def test_verdicts(self):
        low = [0.1, 0.3, 0.5, np.nan, -np.inf, 0.5, 0.5]
        high = [0.2, 0.6, 0.6, 0.5, np.inf, np.inf, 0.6]
        theory = [0.4, 0.4, 0.4, 0.4, 0.4, np.inf, np.nan]
        expected = ["below", "agrees", "above", "undetermined", "undetermined", "agrees", "undetermined"]
        np.testing.assert_array_equal(compare_with_theory(low, high, theory), expected)
        np.testing.assert_array_equal(compare_with_theory(low[:3], high[:3], 0.4, margin=0.25), ["agrees"] * 3)
        assert compare_with_theory(0.1, 0.2, np.inf) == "below"
