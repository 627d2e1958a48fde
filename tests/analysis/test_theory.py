"""Theory against values computed elsewhere (tests/data/theory), brute force and limits."""

import csv
import doctest
import importlib
import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from analysis import theory
from analysis.theory import Amplitudes, gaussian_amplitudes, optimal_lasso, uniform_amplitudes

DATA = Path(__file__).parents[1] / "data" / "theory"
SIGNS = ("signed", "nonnegative")


def table(name: str) -> dict[str, np.ndarray]:
    """Columns of a table of check values."""
    with (DATA / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {column: np.array([float(row[column]) for row in rows]) for column in rows[0]}


def squared_excess(z: float) -> float:
    """G(z) as its formula stands."""
    return (1 + z**2) * stats.norm.cdf(-z) - z * stats.norm.pdf(z)


@pytest.mark.parametrize("module", ["l1_transition", "bayes_bernoulli_gaussian"])
def test_examples_in_the_docstrings(module):
    results = doctest.testmod(importlib.import_module(f"analysis.theory.{module}"))
    assert results.attempted > 0
    assert results.failed == 0


class TestL1Transition:
    @pytest.mark.parametrize("sign", SIGNS)
    def test_check_values(self, sign):
        expected = table("l1_transition")
        # Half a unit of the last digit given.
        np.testing.assert_allclose(
            theory.l1_transition(expected["undersampling"], sign), expected[sign], rtol=0, atol=0.5001e-6
        )

    @pytest.mark.parametrize("sign", SIGNS)
    @pytest.mark.parametrize("delta", [0.03, 0.37, 0.88])
    def test_maximum_and_its_place_against_a_numerical_search(self, sign, delta):
        c = {"signed": 2, "nonnegative": 1}[sign]

        def value(z):
            return (1 - c / delta * squared_excess(z)) / (1 + z**2 - c * squared_excess(z))

        best = optimize.minimize_scalar(lambda z: -value(z), bounds=(0, 5), method="bounded", options={"xatol": 1e-10})
        assert theory.l1_transition(delta, sign) == pytest.approx(-best.fun, abs=1e-12)
        # A maximum's place is known to the square root of the value's accuracy.
        assert theory.minimax_threshold(delta, sign) == pytest.approx(best.x, abs=1e-6)

    def test_ends_and_outside(self):
        x = [0, 1, 1e-12, -0.1, 1.1, np.nan]
        rho, z = theory.l1_transition(x, "signed"), theory.minimax_threshold(x, "signed")
        np.testing.assert_array_equal(rho[:2], [0, 1])
        np.testing.assert_array_equal(z[0], np.inf)
        # rho ~ 1 / (2 ln(1/delta)) for small delta, to leading order.
        assert 0.015 < rho[2] < 0.025
        assert np.all(np.isnan(rho[3:]))
        assert np.all(np.isnan(z[3:]))

    def test_unknown_sign_is_refused_by_name(self):
        with pytest.raises(ValueError, match="code_sign must be one of signed, nonnegative, not 'positive'"):
            theory.l1_transition(0.5, "positive")  # pyright: ignore[reportArgumentType]


class TestNoiseSensitivity:
    @pytest.mark.parametrize("sign", SIGNS)
    def test_minimax_check_values(self, sign):
        expected = table("minimax_mse")
        np.testing.assert_allclose(
            theory.minimax_mse(expected["density"], sign), expected[sign], rtol=0, atol=0.5001e-6
        )

    def test_check_values(self):
        expected = table("noise_sensitivity")
        delta = expected["undersampling"]
        rho = expected["fraction"] * theory.l1_transition(delta, "signed")
        np.testing.assert_allclose(
            theory.noise_sensitivity(delta, rho, "signed"), expected["noise_sensitivity"], rtol=0, atol=0.5001e-5
        )

    @pytest.mark.parametrize("sign", SIGNS)
    def test_infinite_exactly_above_the_transition(self, sign):
        delta = np.array([0.1, 0.5, 0.9])
        rho = theory.l1_transition(delta, sign)
        assert np.all(np.isfinite(theory.noise_sensitivity(delta, 0.9999 * rho, sign)))
        assert np.all(np.isposinf(theory.noise_sensitivity(delta, 1.0001 * rho, sign)))
        assert np.all(theory.minimax_penalty(delta, 0.9999 * rho * delta, sign) > 0)
        assert np.all(theory.minimax_penalty(delta, 1.0001 * rho * delta, sign) == 0)

    def test_ends_and_outside(self):
        np.testing.assert_allclose(theory.minimax_mse([0, 1], "signed"), [0, 1], atol=1e-15)
        assert np.all(np.isnan(theory.minimax_mse([-0.1, 1.1, np.nan], "signed")))
        assert theory.noise_sensitivity(0.5, 0, "signed") == 0
        assert np.all(np.isnan(theory.noise_sensitivity([0, 1.5, 0.5], [0.1, 0.1, 3], "signed")))

    @pytest.mark.parametrize("sign", SIGNS)
    def test_penalty_and_sensitivity_are_the_state_evolution_of_huge_amplitudes(self, sign):
        # The least favourable amplitudes are infinite. The search over thresholds is on a grid of step .05: the least
        # error is second order in it, the penalty first order.
        far = Amplitudes(np.array([1e4]), np.array([1.0]))
        found = optimal_lasso(0.5, 0.1, 1.0, far, sign)
        assert found.mse == pytest.approx(float(theory.noise_sensitivity(0.5, 0.2, sign)), rel=1e-3)
        assert found.penalty == pytest.approx(float(theory.minimax_penalty(0.5, 0.1, sign)), abs=0.05)


class TestLassoStateEvolution:
    def test_uniform_rule_integrates_polynomials(self):
        rule = uniform_amplitudes(0.5, 2.0)
        assert rule.weights.sum() == pytest.approx(1)
        assert rule.weights @ rule.values**5 == pytest.approx((2**6 - 0.5**6) / 6 / 1.5)

    def test_gaussian_rule_has_the_half_normals_moments(self):
        rule = gaussian_amplitudes()
        moments = [rule.weights @ rule.values**power for power in (0, 1, 2, 4)]
        # The normal beyond 8 has a probability of 1e-15.
        assert moments == pytest.approx([1, np.sqrt(2 / np.pi), 1, 3])

    @pytest.mark.parametrize("sign", SIGNS)
    def test_fixed_point_against_simulated_scalar_channel(self, sign):
        delta, density, noise_std = 0.4, 0.08, 0.1
        found = optimal_lasso(delta, density, noise_std, uniform_amplitudes(), sign)
        rng = np.random.default_rng(0)
        n = 2_000_000
        x = np.where(rng.random(n) < density, rng.random(n), 0)
        y = x + found.effective_noise_std * rng.standard_normal(n)
        level = found.threshold * found.effective_noise_std
        estimate = np.maximum(y - level, 0) - (np.maximum(-y - level, 0) if sign == "signed" else 0)
        errors = (estimate - x) ** 2
        # Five standard errors of the simulated means.
        assert errors.mean() == pytest.approx(found.mse, abs=5 * errors.std() / np.sqrt(n))
        share = np.mean(estimate != 0)
        slack = 5 * found.threshold * found.effective_noise_std * np.sqrt(share / n) / delta
        assert found.penalty == pytest.approx(level * (1 - share / delta), abs=slack)
        # The state is a fixed point, to the iteration's tolerance.
        assert found.effective_noise_std**2 == pytest.approx(noise_std**2 + found.mse / delta, rel=1e-5)

    def test_recovers_exactly_without_noise_below_the_transition_only(self):
        assert optimal_lasso(0.25, 0.05, 0.0, uniform_amplitudes(), "nonnegative").mse < 1e-15
        assert optimal_lasso(0.25, 0.5, 0.0, uniform_amplitudes(), "nonnegative").mse > 0.01


class TestBayes:
    @pytest.mark.parametrize(("start", "column"), [("prior", "from_prior"), ("truth", "from_truth")])
    def test_check_values(self, start, column):
        expected = table("bayes_bernoulli_gaussian")
        found = theory.state_evolution_mse(
            expected["undersampling"], expected["density"], expected["noise_variance"], start=start
        )
        # Six digits are given; one value, reached by iterating from near 0, differs by a unit of the last.
        np.testing.assert_allclose(found, expected[column], rtol=5e-6)

    @pytest.mark.parametrize("variance", [1e-5, 1e-2, 0.3, 5.0])
    @pytest.mark.parametrize("density", [0.01, 0.3, 0.95])
    def test_scalar_mmse_against_adaptive_quadrature(self, variance, density):
        def integrand(y):
            on = density * stats.norm.pdf(y, scale=np.sqrt(1 + variance))
            off = (1 - density) * stats.norm.pdf(y, scale=np.sqrt(variance))
            posterior = on / (on + off) if on + off > 0 else 1.0
            mean_square = posterior * (variance / (1 + variance) + (y / (1 + variance)) ** 2)
            return (on + off) * (mean_square - (posterior * y / (1 + variance)) ** 2)

        widths = (
            np.sqrt(variance) * np.array([0, 1, 2, 3, 4, 6, 8, 12]),
            np.sqrt(1 + variance) * np.array([1, 2, 4, 8, 12]),
        )
        edges = np.union1d(*widths)
        parts = [integrate.quad(integrand, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in itertools.pairwise(edges)]
        expected = 2 * sum(parts)
        assert theory.scalar_mmse(variance, density) == pytest.approx(expected, rel=1e-9)

    def test_limits(self):
        assert theory.scalar_mmse(0, 0.1) == 0
        assert theory.scalar_mmse(1.0, 0) == 0
        assert theory.scalar_mmse(1.0, 1.0) == pytest.approx(0.5)
        assert theory.scalar_mmse(1e9, 0.1) == pytest.approx(0.1, rel=1e-6)
        assert theory.state_evolution_mse(0.5, 0.1, 0.0) == 0
        assert theory.state_evolution_mse(0.5, 0.1, 0.0, start="truth") == 0

    def test_prior_is_never_better_and_arguments_broadcast(self):
        delta, eps = np.linspace(0.2, 0.9, 6)[:, None], np.linspace(0.02, 0.5, 5)[None, :]
        reached = theory.state_evolution_mse(delta, eps, 1e-4)
        possible = theory.state_evolution_mse(delta, eps, 1e-4, start="truth")
        assert reached.shape == (6, 5)
        assert np.all(reached >= possible * (1 - 1e-8))
        assert reached[2, 3] == theory.state_evolution_mse(delta[2, 0], eps[0, 3], 1e-4)

    def test_unknown_start_is_refused(self):
        with pytest.raises(ValueError, match="start must be prior or truth"):
            theory.state_evolution_mse(0.5, 0.1, 0.1, start="zero")  # pyright: ignore[reportArgumentType]


class TestOracleFloor:
    def test_against_simulated_least_squares(self):
        m, k, sigma, trials = 20, 6, 0.3, 4000
        rng = np.random.default_rng(1)
        a = rng.standard_normal((trials, m, k)) / np.sqrt(m)
        # Given A, E ||x^ - x||^2 = sigma^2 trace (A^T A)^-1.
        errors = sigma**2 * np.trace(np.linalg.inv(a.transpose(0, 2, 1) @ a), axis1=1, axis2=2)
        se = errors.std(ddof=1) / np.sqrt(trials)
        assert theory.oracle_floor(m, k, sigma) == pytest.approx(errors.mean(), abs=5 * se)

    def test_edges(self):
        np.testing.assert_array_equal(theory.oracle_floor(10, [0, 9, 10], 0.1), [0, np.inf, np.inf])


class TestGuaranteesAndCounting:
    def test_welch_bound(self):
        # Three unit vectors in the plane: 120 degrees apart, |cosine| 1/2.
        np.testing.assert_allclose(theory.welch_bound([2, 5, 5], [3, 5, 2]), [0.5, 0, 0])
        assert theory.welch_bound(16, 64) == pytest.approx(np.sqrt(48 / (16 * 63)))

    def test_tropp_limit_is_strict(self):
        # (1 + 1/mu) / 2 is 2, 1.5, 1 and 5.5.
        np.testing.assert_array_equal(theory.tropp_limit([1 / 3, 0.5, 1, 0.1, 0]), [1, 1, 0, 5, np.inf])
        assert np.isnan(theory.tropp_limit(np.nan))

    def test_check_values(self):
        expected = table("counting")
        n, k, m = expected["n_latents"], expected["n_active"], expected["n_dims"]
        np.testing.assert_array_equal(theory.cs_rule_of_thumb(n, k), m)
        np.testing.assert_array_equal(theory.minimum_samples(n, m, k), expected["minimum_samples"])

    def test_edges(self):
        np.testing.assert_array_equal(theory.minimum_samples(10, [5, 5], [5, 6]), [np.inf, np.inf])
        assert theory.cs_rule_of_thumb(10, 0) == 0


class TestChance:
    def test_check_value(self):
        (m,), (n,), (expected,) = table("chance").values()
        chance = theory.dictionary_chance(int(m), int(n), int(n), seed=0, repeats=4)
        # The value is given to half a unit of its last digit.
        assert chance.mean == pytest.approx(expected, abs=0.0005 + 4 * chance.se)
        assert chance.se < 0.002

    def test_seeded_and_closed_form_in_one_dimension(self):
        assert theory.dictionary_chance(8, 10, 12, seed=3) == theory.dictionary_chance(8, 10, 12, seed=3)
        assert theory.dictionary_chance(1, 4, 4, seed=0, repeats=2).mean == pytest.approx(1)
        # One pair in the plane: E |cos| = 2 / pi, standard deviation sqrt(1/2 - 4/pi^2).
        pair = theory.dictionary_chance(2, 1, 1, seed=0, repeats=2000)
        assert pair.mean == pytest.approx(2 / np.pi, abs=5 * np.sqrt(0.5 - 4 / np.pi**2) / np.sqrt(2000))
        assert np.isnan(theory.dictionary_chance(4, 2, 2, seed=0, repeats=1).se)

    def test_counts_are_checked(self):
        with pytest.raises(ValueError, match="n_atoms_b must be at least 1, not 0"):
            theory.dictionary_chance(4, 2, 0, seed=0)
