"""Metrics of an estimate against the truth: scikit-learn, SciPy, brute force, closed forms, and their invariances."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compiled_metrics import metrics
from scipy import linalg, stats
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import f1_score, r2_score
from sklearn.model_selection import KFold, cross_val_predict

from analysis import theory
from analysis.statistics import corrected_score_interval, mean_interval

# In float32 a sum of some hundred products of order 1 / n is right to a few 1e-6.
ROUNDING = 1e-5


def codes_of(rng, n_samples=120, n_latents=5, density=0.3):
    return (rng.random((n_samples, n_latents)) < density) * rng.standard_normal((n_samples, n_latents))


def scrambled(rng, codes):
    scale = rng.uniform(0.5, 2, codes.shape[1]) * rng.choice([-1, 1], codes.shape[1])
    return (codes * scale)[:, rng.permutation(codes.shape[1])]


def arrays(*values):
    return [jnp.asarray(value) for value in values]


@pytest.fixture
def rng():
    return np.random.default_rng(11)


class TestRankCorrelation:
    def test_against_scipy_with_ties(self, rng):
        truth, estimate = codes_of(rng), np.round(rng.standard_normal((120, 3)), 1)
        expected = np.abs(stats.spearmanr(np.hstack([truth, estimate])).statistic[:5, 5:])
        np.testing.assert_allclose(metrics.absolute_rank_correlation(*arrays(truth, estimate)), expected, atol=ROUNDING)

    def test_increasing_maps_change_nothing_and_non_finite_is_dead(self, rng):
        truth = codes_of(rng)
        bent = np.exp(3 * truth)
        found = metrics.mean_correlation(*arrays(truth, bent), rank=True)
        assert found.mcc == pytest.approx(1, abs=ROUNDING)
        assert metrics.mean_correlation(*arrays(truth, bent)).mcc < 0.9
        bent[3, 0] = np.nan
        assert np.all(np.asarray(metrics.absolute_rank_correlation(*arrays(truth, bent)))[:, 0] == 0)


class TestChanceCorrection:
    def test_ends(self):
        np.testing.assert_allclose(
            metrics.chance_corrected(*arrays([1.0, 0.4, 0.2, 1.0], [0.4, 0.4, 0.4, 1.0])), [1, 0, -1 / 3, np.nan]
        )

    def test_permutations_are_draws_from_unrelated_samples(self, rng):
        truth, estimate = codes_of(rng, 60), codes_of(rng, 60)
        permute = jax.jit(lambda key: metrics.permuted_mean_correlation(key, *arrays(truth, truth), n_permutations=40))
        drawn = np.asarray(permute(jax.random.key(0)))
        by_hand = []
        for _ in range(40):
            order = rng.permutation(60)
            by_hand.append(metrics.mean_correlation(*arrays(truth, truth[order])).mcc)
        spread = np.sqrt((np.var(drawn) + np.var(by_hand)) / 40)
        assert abs(drawn.mean() - np.mean(by_hand)) < 4 * spread
        assert drawn.std() > 0
        # An unrelated estimate scores what the permutations say, to a few of their standard deviations.
        assert abs(metrics.mean_correlation(*arrays(truth, estimate)).mcc - drawn.mean()) < 4 * drawn.std()

    @pytest.mark.parametrize(("n_latents", "n_samples"), [(8, 20), (8, 100), (32, 40)])
    def test_corrected_mcc_of_unrelated_codes_is_0_within_its_interval(self, n_latents, n_samples):
        """60 pairs of sparse codes: 0 lies in the 99.9% interval of their mean, and in nearly every pair's own 95% one.

        A share of .95 of 60 has a standard error of .028; below .85 is 3.5 of them.
        """
        sides = np.random.default_rng(n_latents + n_samples).random((2, 60, n_samples, n_latents))
        sides = jnp.asarray(np.where(sides < 0.15, sides, 0))

        @jax.jit
        def score(key, truth, estimate):
            found = metrics.mean_correlation(truth, estimate)
            chance = metrics.permuted_mean_correlation(key, truth, estimate, n_permutations=20)
            return found.correlation, found.counted, chance

        pairs = jax.lax.map(lambda each: score(*each), (jax.random.split(jax.random.key(0), 60), *sides))
        own = [
            corrected_score_interval(matched[counted], chance, n_resamples=300)
            for matched, counted, chance in zip(*map(np.asarray, pairs), strict=True)
        ]
        mean = mean_interval([interval.estimate for interval in own], level=0.999)
        assert mean.low <= 0 <= mean.high
        assert mean.high - mean.low < 0.15
        assert np.mean([interval.low <= 0 <= interval.high for interval in own]) >= 0.85


class TestExactSupport:
    def test_against_counting(self, rng):
        truth, estimate = codes_of(rng), codes_of(rng)
        estimate[:50] = truth[:50] * 3
        expected = np.mean([np.array_equal(a != 0, abs(b) > 0.1) for a, b in zip(truth, estimate, strict=True)])
        found = metrics.exact_support_rate(*arrays(truth, estimate), threshold=0.1)
        assert found == pytest.approx(expected)
        assert 0.1 < expected < 0.9


class TestLinearR2:
    @pytest.mark.parametrize("affine", [True, False])
    def test_in_sample_against_scikit_learn(self, rng, affine):
        truth, estimate = codes_of(rng) + 1, rng.standard_normal((120, 7)) + 2
        model = LinearRegression(fit_intercept=affine).fit(estimate, truth)
        expected = r2_score(truth, model.predict(estimate), multioutput="raw_values")
        found = metrics.linear_r2(*arrays(truth, estimate), affine=affine)
        np.testing.assert_allclose(found.per_latent, expected, atol=1e-4)
        assert found.mean == pytest.approx(expected.mean(), abs=1e-4)

    def test_held_out_against_scikit_learn(self, rng):
        truth, estimate = codes_of(rng), rng.standard_normal((120, 7))
        # The folds are interleaved: sorted by fold they are scikit-learn's contiguous ones.
        order = np.argsort(np.arange(120) % 4, kind="stable")
        predicted = cross_val_predict(LinearRegression(), estimate[order], truth[order], cv=KFold(4))
        expected = r2_score(truth[order], predicted)
        assert metrics.linear_r2(*arrays(truth, estimate), n_folds=4).mean == pytest.approx(expected, abs=1e-5)
        assert expected < 0

    def test_mixing_does_not_matter_and_in_sample_chance_is_the_ratio(self, rng):
        truth = codes_of(rng)
        mixed = truth @ rng.standard_normal((5, 5)) + 3
        assert metrics.linear_r2(*arrays(truth, mixed)).mean == pytest.approx(1, abs=1e-4)
        assert metrics.linear_r2(*arrays(truth, mixed), n_folds=2).mean == pytest.approx(1, abs=1e-4)
        # Beta(7/2, (119 - 7)/2) for each latent: mean 7/119, standard deviation .031, over 40 independent latents.
        many = rng.standard_normal((120, 40))
        found = metrics.linear_r2(*arrays(many, rng.standard_normal((120, 7)))).mean
        assert found == pytest.approx(7 / 119, abs=4 * 0.031 / np.sqrt(40))

    def test_constant_latents_are_left_out(self, rng):
        truth = codes_of(rng)
        truth[:, 1] = 0
        assert metrics.linear_r2(*arrays(truth, truth)).mean == pytest.approx(1, abs=ROUNDING)
        assert np.isnan(metrics.linear_r2(jnp.zeros((9, 2)), jnp.ones((9, 2))).mean)
        with pytest.raises(ValueError, match="n_folds must be 0 or from 2 to the 120 samples, not 1"):
            metrics.linear_r2(*arrays(truth, truth), n_folds=1)


class TestAmari:
    def test_zero_up_to_order_sign_and_scale_one_at_equal_entries(self, rng):
        for shape in ((5, 5), (8, 5)):
            mixing = rng.standard_normal(shape)
            assert metrics.amari_distance(*arrays(mixing, scrambled(rng, mixing))) == pytest.approx(0, abs=1e-4)
        assert metrics.amari_index(jnp.ones((4, 4))) == pytest.approx(1)
        assert metrics.amari_index(jnp.zeros((4, 4))) == pytest.approx(1)
        assert np.isnan(metrics.amari_index(jnp.ones((1, 1))))

    def test_as_the_formula_stands(self, rng):
        gain = rng.standard_normal((4, 4))
        size, total = abs(gain), 0.0
        for i in range(4):
            total += size[i].sum() / size[i].max() - 1 + size[:, i].sum() / size[:, i].max() - 1
        assert metrics.amari_index(jnp.asarray(gain)) == pytest.approx(total / 24, rel=1e-5)

    def test_chance_is_what_the_docstring_says(self, rng):
        for n in (4, 16, 64):
            drawn = [metrics.amari_distance(*arrays(*rng.standard_normal((2, n, n)))) for _ in range(10)]
            assert 0.25 < np.mean(drawn) < 0.45


class TestDci:
    def test_importances_are_ridge_weights(self, rng):
        truth, estimate = codes_of(rng), rng.standard_normal((120, 4))
        latents, atoms = ((x - x.mean(0)) / np.linalg.norm(x - x.mean(0), axis=0) for x in (truth, estimate))
        expected = np.abs(Ridge(alpha=0.1, fit_intercept=False).fit(atoms, latents).coef_.T)
        found = metrics.dci(*arrays(truth, estimate), penalty=0.1)
        np.testing.assert_allclose(found.importance, expected, atol=ROUNDING)
        by_atom = np.array([1 - stats.entropy(row) / np.log(5) for row in expected])
        weight = expected.sum(1) / expected.sum()
        assert found.disentanglement == pytest.approx(weight @ by_atom, abs=1e-4)
        by_latent = [1 - stats.entropy(column) / np.log(4) for column in expected.T]
        assert found.completeness == pytest.approx(np.mean(by_latent), abs=1e-4)

    def test_good_split_and_merged(self, rng):
        truth = codes_of(rng, 400)
        good = metrics.dci(*arrays(truth, scrambled(rng, truth)), penalty=1e-4)
        assert min(good.disentanglement, good.completeness, good.informativeness) > 0.99
        half = rng.random((400, 1)) < 0.5
        split = metrics.dci(*arrays(truth, np.hstack([truth * half, truth * ~half])), penalty=1e-4)
        # Two atoms share a latent evenly: log 2 of log 10.
        assert split.completeness == pytest.approx(1 - np.log(2) / np.log(10), abs=0.02)
        assert split.disentanglement > 0.95
        merged = metrics.dci(*arrays(truth, truth[:, [0, 2, 4]] + np.hstack([truth[:, [1, 3]], np.zeros((400, 1))])))
        assert merged.disentanglement < 0.75
        assert merged.informativeness < 0.8

    def test_chance_is_what_the_docstring_says(self, rng):
        found = metrics.dci(*arrays(rng.standard_normal((4000, 40)), rng.standard_normal((4000, 40))))
        # The standard error of a mean of 40 entropies of 40 weights is about .003.
        assert found.disentanglement == pytest.approx(0.284 / np.log(40), abs=0.015)
        assert found.completeness == pytest.approx(0.284 / np.log(40), abs=0.015)


class TestPrincipalAngles:
    @pytest.mark.parametrize(("n_a", "n_b"), [(3, 3), (2, 4), (4, 2)])
    def test_against_scipy(self, rng, n_a, n_b):
        first, second = rng.standard_normal((8, n_a)), rng.standard_normal((8, n_b))
        found = metrics.principal_angles(*arrays(first, second))
        np.testing.assert_allclose(found, linalg.subspace_angles(first, second), atol=1e-5)
        mixed = metrics.principal_angles(*arrays(first @ rng.standard_normal((n_a, n_a)), second))
        np.testing.assert_allclose(found, mixed, atol=1e-4)

    def test_small_angles_and_the_mean_cosine_of_chance(self, rng):
        plane, tilted = jnp.eye(6, 2), jnp.eye(6, 2).at[3, 1].set(1e-4)
        np.testing.assert_allclose(metrics.principal_angles(plane, tilted), [1e-4, 0], rtol=1e-3, atol=1e-7)
        angles = jax.vmap(metrics.principal_angles)(
            *arrays(rng.standard_normal((400, 9, 1)), np.eye(9, 3)[None].repeat(400, 0))
        )
        # cos^2 is Beta(3/2, 6/2): standard deviation .20.
        assert np.mean(np.cos(angles) ** 2) == pytest.approx(3 / 9, abs=4 * 0.2 / 20)


class TestSplittingAndAbsorption:
    def greedy(self, active, fires, gain=0.03, most=4):
        main, told, best = [], np.zeros(len(active), bool), 0.0
        for _ in range(most):
            scores = [f1_score(active, told | fires[:, a], zero_division=0) for a in range(fires.shape[1])]
            if max(scores) <= best + gain:
                break
            best = max(scores)
            main.append(int(np.argmax(scores)))
            told = told | fires[:, main[-1]]
        return main

    def test_against_scikit_learn_atom_by_atom(self, rng):
        truth = codes_of(rng, 200, 6)
        estimate = codes_of(rng, 200, 9, 0.2)
        half = rng.random(200) < 0.5
        estimate[:, 0], estimate[:, 1] = truth[:, 0] * half, truth[:, 0] * ~half
        estimate[:, 2] = truth[:, 1]
        found = metrics.feature_splitting(*arrays(truth, estimate))
        for i in range(6):
            assert sorted(np.flatnonzero(found.main[i])) == sorted(self.greedy(truth[:, i] != 0, estimate != 0))
        assert list(found.n_main[:2]) == [2, 1]

    def test_rates(self, rng):
        truth = codes_of(rng, 200, 6)
        assert metrics.feature_splitting(*arrays(truth, scrambled(rng, truth))).split_rate == 0
        half = rng.random((200, 1)) < 0.5
        split = metrics.feature_splitting(*arrays(truth, np.hstack([truth * half, truth * ~half])))
        assert split.split_rate == 1
        assert np.all(split.n_main == 2)
        truth[:, :3] = 0
        assert metrics.feature_splitting(*arrays(truth, np.hstack([truth * half, truth * ~half]))).split_rate == 1
        assert np.isnan(metrics.feature_splitting(jnp.zeros((9, 2)), jnp.ones((9, 2))).split_rate)

    def test_a_child_absorbs_its_parent(self, rng):
        # Latent 1 implies latent 0; the atom of latent 1 points along both and silences the atom of latent 0.
        child, parent = rng.random(500) < 0.2, rng.random(500) < 0.5
        truth = np.stack([(parent | child), child], axis=1).astype(float)
        absorbing = np.stack([parent & ~child, child], axis=1).astype(float)
        atoms = np.array([[1.0, 1.0], [0.0, 1.0]])
        own = jnp.eye(2, dtype=bool)
        found = metrics.feature_absorption(*arrays(truth, absorbing, np.eye(2), atoms), own)
        assert found.per_latent[0] == pytest.approx(child.sum() / (parent | child).sum(), rel=1e-5)
        assert found.per_latent[1] == 0
        assert found.rate == pytest.approx(child.sum() / truth.sum(), rel=1e-5)
        # Missed without a replacement is not absorbed; nor is the truth.
        assert metrics.feature_absorption(*arrays(truth, absorbing, np.eye(2), np.eye(2)), own).rate == 0
        assert metrics.feature_absorption(*arrays(truth, truth, np.eye(2), np.eye(2)), own).rate == 0
        # Sign and scale of an atom and of its codes together change nothing.
        flipped = metrics.feature_absorption(
            *arrays(truth, absorbing * [1, -2], np.eye(2), atoms / np.array([1, -2])), own
        )
        assert flipped.rate == found.rate


class TestDegenerateAtoms:
    def test_dead(self, rng):
        codes = codes_of(rng)
        codes[:, 2], codes[:, 3] = 0, np.nan
        np.testing.assert_array_equal(metrics.dead_atoms(jnp.asarray(codes)), [False, False, True, False, False])
        silent = (1 - 0.05) ** 30
        drawn = metrics.dead_atoms(jnp.asarray(rng.random((30, 2000)) < 0.05).astype(float))
        assert np.mean(drawn) == pytest.approx(silent, abs=4 * np.sqrt(silent * (1 - silent) / 2000))

    def test_duplicates(self, rng):
        atoms = np.hstack([np.eye(5), -2 * np.eye(5)[:, :1], np.zeros((5, 2))])
        expected = [True] + [False] * 4 + [True, False, False]
        np.testing.assert_array_equal(metrics.duplicate_atoms(jnp.asarray(atoms)), expected)
        order = rng.permutation(8)
        np.testing.assert_array_equal(metrics.duplicate_atoms(jnp.asarray(atoms[:, order])), np.array(expected)[order])


class TestStability:
    def test_pairs_against_one_by_one_and_invariance(self, rng):
        runs = rng.standard_normal((3, 6, 8))
        runs[1] = scrambled(rng, runs[0])
        found = metrics.dictionary_stability(jnp.asarray(runs))
        pairs = {
            (a, b): float(metrics.dictionary_similarity(*arrays(runs[a], runs[b])).matched_cosine)
            for a, b in itertools.combinations(range(3), 2)
        }
        assert pairs[0, 1] == pytest.approx(1, abs=ROUNDING)
        for (a, b), value in pairs.items():
            assert found.pairwise[a, b] == found.pairwise[b, a] == pytest.approx(value, abs=ROUNDING)
        assert found.mean == pytest.approx(np.mean(list(pairs.values())), abs=ROUNDING)
        np.testing.assert_allclose(jnp.mean(found.per_atom, axis=1)[0], (1 + pairs[0, 2]) / 2, atol=ROUNDING)
        moved = metrics.dictionary_stability(jnp.asarray(np.stack([scrambled(rng, run) for run in runs])))
        assert moved.mean == pytest.approx(float(found.mean), abs=ROUNDING)
        with pytest.raises(ValueError, match="at least 2 runs, not 1"):
            metrics.dictionary_stability(jnp.asarray(runs[:1]))


class TestExactRecovery:
    def test_against_one_support_after_another(self, rng):
        dictionary = rng.standard_normal((7, 10)) * rng.uniform(0.5, 2, 10)
        codes = (rng.random((12, 10)) < 0.2) * rng.uniform(0.5, 1, (12, 10))
        codes[0], codes[1] = 0, 1  # nothing active, and more than there are dimensions
        kept = np.arange(10) != 4
        found = metrics.support_conditions(*arrays(dictionary, codes), mask=jnp.asarray(kept))
        smaller, codes = dictionary[:, kept], codes[:, kept]
        for row, exact, nonnegative in zip(codes, found.exact_recovery, found.nonnegative, strict=True):
            support = np.flatnonzero(row)
            expected = theory.exact_recovery_coefficient(smaller, support) if support.size else 0.0
            assert exact == pytest.approx(expected, rel=1e-3)
            unit, signs = smaller / np.linalg.norm(smaller, axis=0), np.ones(support.size)
            weaker = theory.irrepresentability(unit, support, signs, nonnegative=True) if support.size else 0.0
            assert nonnegative == pytest.approx(weaker, rel=1e-3, abs=1e-4)
        assert found.exact_recovery[0] == 0
        assert np.isinf(found.exact_recovery[1])
        assert np.any(np.asarray(found.exact_recovery) < 1)

    def test_opposite_atoms_are_dependent(self):
        opposite = jnp.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
        found = metrics.support_conditions(opposite, jnp.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]))
        np.testing.assert_allclose(found.exact_recovery, [np.inf, 0, 1], atol=1e-6)
        np.testing.assert_allclose(found.nonnegative, [np.inf, 0, 0], atol=1e-6)

    def test_babel_against_theory(self, rng):
        dictionary = rng.standard_normal((6, 9))
        kept = np.arange(9) != 2
        found = [metrics.babel_sum(*arrays(dictionary, k), mask=jnp.asarray(kept)) for k in range(9)]
        expected = theory.babel(dictionary[:, kept])
        np.testing.assert_allclose(found[:8], expected, atol=1e-5)
        assert found[8] == pytest.approx(expected[-1], abs=1e-5)
        assert metrics.babel_sum(jnp.asarray(dictionary), 1) == pytest.approx(
            float(metrics.coherence(jnp.asarray(dictionary))), abs=1e-6
        )
