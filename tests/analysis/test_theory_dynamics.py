"""State evolution by iteration, the hard phase, and the analytic chance level."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from analysis import theory
from analysis.theory import gaussian_amplitudes, uniform_amplitudes


class TestAmpStateEvolution:
    def test_against_message_passing_itself(self):
        """A large instance, iteration by iteration; fluctuations are of order 1/sqrt(K) = 3 % of the error."""
        n, delta, density, noise_std, alpha = 8000, 0.4, 0.1, 0.05, 1.3
        m = round(delta * n)
        rng = np.random.default_rng(0)
        atoms = rng.standard_normal((m, n)) / np.sqrt(m)
        code = (rng.random(n) < density) * rng.standard_normal(n)
        y = atoms @ code + noise_std * rng.standard_normal(m)
        expected = theory.amp_state_evolution(
            delta, density, noise_std, gaussian_amplitudes(), "signed", threshold=alpha, n_iterations=6
        )
        estimate, residual = np.zeros(n), y
        for t in range(6):
            assert np.mean((estimate - code) ** 2) == pytest.approx(expected.mse[t], rel=0.12)
            tau = np.linalg.norm(residual) / np.sqrt(m)
            assert tau == pytest.approx(expected.effective_noise_std[t], rel=0.06)
            pseudo = estimate + atoms.T @ residual
            estimate = np.sign(pseudo) * np.maximum(np.abs(pseudo) - alpha * tau, 0)
            residual = y - atoms @ estimate + residual * np.count_nonzero(estimate) / m

    def test_fixed_point_is_the_lassos(self):
        lasso = theory.optimal_lasso(0.4, 0.08, 0.1, uniform_amplitudes(), "nonnegative")
        path = theory.amp_state_evolution(
            0.4, 0.08, 0.1, uniform_amplitudes(), "nonnegative", threshold=lasso.threshold, n_iterations=60
        )
        assert path.mse[-1] == pytest.approx(lasso.mse, rel=1e-4)
        assert path.effective_noise_std[-1] == pytest.approx(lasso.effective_noise_std, rel=1e-4)
        assert np.all(np.diff(path.mse) <= 1e-12)

    def test_edges(self):
        nothing = theory.amp_state_evolution(
            0.5, 0.0, 0.0, uniform_amplitudes(), "signed", threshold=1.0, n_iterations=2
        )
        np.testing.assert_array_equal(nothing.mse, [0, 0, 0])
        with pytest.raises(ValueError, match="n_iterations must be 0 or more, not -1"):
            theory.amp_state_evolution(0.5, 0.1, 0.1, uniform_amplitudes(), "signed", threshold=1.0, n_iterations=-1)


class TestHardPhase:
    @pytest.mark.parametrize(("density", "noise_variance"), [(0.2, 1e-6), (0.35, 1e-6), (0.25, 1e-5)])
    def test_fixed_points_differ_just_inside_and_agree_just_outside(self, density, noise_variance):
        found = theory.hard_phase(density, noise_variance)
        assert density < found.possible_from < found.optimal_from < found.easy_from
        inside = np.array([found.possible_from * 1.01, found.easy_from * 0.99])
        outside = np.array([found.possible_from * 0.99, found.easy_from * 1.01])
        for delta, differ in ((inside, True), (outside, False)):
            reached = theory.state_evolution_mse(delta, density, noise_variance)
            possible = theory.state_evolution_mse(delta, density, noise_variance, start="truth")
            assert np.all((reached > 2 * possible) == differ)

    def test_published_threshold_without_noise(self):
        # Krzakala et al. (2012) give .59 for message passing at density .4, against .75 for l1.
        found = theory.hard_phase(0.4, 1e-12)
        assert found.easy_from == pytest.approx(0.59, abs=0.005)
        assert found.possible_from == pytest.approx(0.4, abs=0.002)
        # The information-theoretic threshold nears the density as noise vanishes.
        assert 0.4 < found.optimal_from < theory.hard_phase(0.4, 1e-8).optimal_from

    def test_optimal_threshold_is_where_the_potentials_cross(self):
        """Against the replica potential written with the scalar channel's mutual information, by plain sums."""
        density, noise = 0.25, 1e-5
        delta = theory.hard_phase(density, noise).optimal_from
        ends = [float(theory.state_evolution_mse(delta, density, noise, start=s)) for s in ("truth", "prior")]
        # I(snr) up to a constant: half the integral of the mmse over the snr, snr = 1 / v, in steps of log v.
        v = np.exp(np.linspace(np.log(noise + ends[0] / delta), np.log(noise + ends[1] / delta), 40_001))
        mutual = np.trapezoid(theory.scalar_mmse(v, density) / (2 * v), np.log(v))
        energy = [delta / 2 * (np.log(noise + e / delta) - (e / delta) / (noise + e / delta)) for e in ends]
        # Both terms are of order .1; the trapezoid's error at this step is below 1e-7.
        assert mutual == pytest.approx(energy[1] - energy[0], abs=1e-6)

    def test_phases_and_ceiling(self):
        density, noise = 0.25, 1e-5
        found = theory.hard_phase(density, noise)
        middle = (found.optimal_from + found.easy_from) / 2
        below = (found.possible_from + found.optimal_from) / 2
        assert theory.bayes_phase(middle, density, noise) == "hard"
        assert theory.bayes_phase(below, density, noise) == "impossible"
        assert theory.bayes_phase(found.easy_from * 1.1, density, noise) == "easy"
        truth = theory.state_evolution_mse(middle, density, noise, start="truth")
        assert theory.bayes_ceiling(middle, density, noise) == truth
        assert theory.bayes_ceiling(below, density, noise) == theory.state_evolution_mse(below, density, noise)

    def test_without_a_hard_phase_and_outside(self):
        assert np.isnan(theory.hard_phase(0.2, 1e-2).easy_from)
        assert theory.bayes_phase(0.5, 0.1, 1e-2) == "easy"
        assert theory.bayes_phase(0.3, 0.2, 0.0) == "hard"
        with pytest.raises(ValueError, match=r"0 < density < 1 and noise_variance > 0, not 0\.2 and 0"):
            theory.hard_phase(0.2, 0)


class TestAnalyticChance:
    @pytest.mark.parametrize(
        ("n_dims", "n_a", "n_b", "slack"),
        [(64, 512, 512, 0.003), (30, 64, 64, 0.003), (30, 16, 64, 0.003), (8, 4, 100, 0.003)],
    )
    def test_against_simulation(self, n_dims, n_a, n_b, slack):
        simulated = theory.dictionary_chance(n_dims, n_a, n_b, seed=1, repeats=3 if n_a > 100 else 30)
        found = theory.matched_cosine_chance(n_dims, n_a, n_b)
        assert found == pytest.approx(simulated.mean, abs=slack + 3 * simulated.se)
        assert found == theory.matched_cosine_chance(n_dims, n_b, n_a)

    @pytest.mark.parametrize(("n_dims", "n_atoms"), [(4, 8), (10, 16), (16, 32), (24, 48), (64, 128)])
    def test_corrected_for_it_unrelated_dictionaries_score_0(self, n_dims, n_atoms):
        """Mean of freshly drawn pairs, with a 99.9% interval that also holds what is not known of the chance level.

        Below 64 atoms that is the standard error of 20,000 simulated pairs, above the .003 of the cavity method.
        """
        repeats = 400 if n_atoms < 64 else 20
        rng = np.random.default_rng(100 + n_atoms)
        scores = []
        for _ in range(repeats):
            a, b = (x / np.linalg.norm(x, axis=0) for x in rng.standard_normal((2, n_dims, n_atoms)))
            similarity = np.abs(a.T @ b)
            scores.append(similarity[linear_sum_assignment(similarity, maximize=True)].mean())
        chance = theory.matched_cosine_chance(n_dims, n_atoms, n_atoms)
        of_chance = np.std(scores) / np.sqrt(20_000 / n_atoms) if n_atoms < 64 else 0.003 / 3.3
        half = 3.3 * np.hypot(np.std(scores, ddof=1) / np.sqrt(repeats), of_chance)
        corrected, reach = (np.mean(scores) - chance) / (1 - chance), half / (1 - chance)
        assert corrected - reach <= 0 <= corrected + reach
        assert reach < 0.05

    def test_one_atom_against_many_is_the_mean_maximum(self):
        rng = np.random.default_rng(0)
        # The first coordinate of a random direction, the largest of 200 of them.
        draws = rng.standard_normal((500, 200, 20))
        largest = np.max(np.abs(draws[..., 0]) / np.linalg.norm(draws, axis=-1), axis=1)
        found = theory.matched_cosine_chance(20, 1, 200)
        assert found == pytest.approx(largest.mean(), abs=0.002 + 3 * largest.std() / np.sqrt(500))

    def test_correlation_of_few_samples(self):
        rng = np.random.default_rng(0)
        levels = []
        for _ in range(10):
            a, b = rng.standard_normal((2, 30, 64))
            similarity = np.abs(np.corrcoef(a.T, b.T)[:64, 64:])
            levels.append(similarity[linear_sum_assignment(similarity, maximize=True)].mean())
        se = np.std(levels) / np.sqrt(10)
        assert theory.correlation_chance(30, 64, 64) == pytest.approx(np.mean(levels), abs=0.003 + 3 * se)
        assert theory.correlation_chance(2, 5, 5) == 1
        with pytest.raises(ValueError, match="n_samples must be at least 2, not 1"):
            theory.correlation_chance(1, 5, 5)
        with pytest.raises(ValueError, match="n_atoms_b must be at least 1, not 0"):
            theory.matched_cosine_chance(5, 5, 0)
