"""Metrics against brute force, SciPy, scikit-learn and hand-made cases; inside jit and vmap; in both precisions."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import f1_score, precision_score, recall_score

from analysis import metrics


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def sparse_codes(rng, n_samples=200, n_latents=6, density=0.3):
    return (rng.random((n_samples, n_latents)) < density) * rng.standard_normal((n_samples, n_latents))


def scrambled(rng, codes):
    """The same codes in another order, with other signs and scales, and the order."""
    order = rng.permutation(codes.shape[1])
    scale = rng.uniform(0.1, 10, codes.shape[1]) * rng.choice([-1, 1], codes.shape[1])
    return (codes * scale)[:, order], order


class TestMatch:
    @pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (1, 1), (1, 4)])
    def test_best_of_all_matchings(self, rng, shape):
        similarity = rng.random(shape)
        n, k = shape
        if n <= k:
            best = max(sum(similarity[range(n), p]) for p in itertools.permutations(range(k), n))
        else:
            best = max(sum(similarity[p, range(k)]) for p in itertools.permutations(range(n), k))
        assignment = np.asarray(metrics.match(jnp.asarray(similarity)))
        rows = np.flatnonzero(assignment >= 0)
        assert rows.size == min(shape)
        assert np.unique(assignment[rows]).size == rows.size
        assert similarity[rows, assignment[rows]].sum() == pytest.approx(best, rel=1e-6)

    @settings(max_examples=25, deadline=None)
    @given(
        values=st.lists(st.floats(-1, 1, width=32), min_size=24, max_size=24), wide=st.booleans(), ties=st.booleans()
    )
    def test_sum_equals_scipys(self, values, wide, ties):
        similarity = np.array(values, np.float32).reshape((4, 6) if wide else (6, 4))
        similarity = np.round(similarity) if ties else similarity
        rows, columns = linear_sum_assignment(similarity, maximize=True)
        assignment = np.asarray(metrics.match(jnp.asarray(similarity)))
        matched = np.flatnonzero(assignment >= 0)
        # float32 sums of six entries of size one.
        total = similarity[matched, assignment[matched]].sum()
        assert total == pytest.approx(similarity[rows, columns].sum(), abs=1e-5)

    def test_many_and_vmapped(self, rng):
        similarity = rng.random((3, 64, 64))
        batched = np.asarray(jax.jit(jax.vmap(metrics.match))(jnp.asarray(similarity)))
        for one, assignment in zip(similarity, batched, strict=True):
            np.testing.assert_array_equal(assignment, linear_sum_assignment(one, maximize=True)[1])

    def test_non_finite_entries_lose(self):
        similarity = jnp.array([[jnp.nan, 0.9, 0.1], [0.8, jnp.inf, 0.1], [0.2, 0.3, jnp.nan]])
        np.testing.assert_array_equal(metrics.match(similarity), [1, 0, 2])
        assert sorted(np.asarray(metrics.match(jnp.full((4, 4), jnp.nan)))) == [0, 1, 2, 3]


class TestCorrelation:
    def test_against_numpy(self, rng):
        truth, estimate = sparse_codes(rng), rng.standard_normal((200, 4))
        expected = np.abs(np.corrcoef(truth.T, estimate.T)[:6, 6:])
        np.testing.assert_allclose(
            metrics.absolute_correlation(jnp.asarray(truth), jnp.asarray(estimate)), expected, atol=1e-6
        )

    @pytest.mark.parametrize("value", [0.0, 0.1, 1e30, np.nan, np.inf])
    def test_dead_estimates_are_zero(self, rng, value):
        truth = jnp.asarray(sparse_codes(rng, n_samples=1000))
        found = metrics.absolute_correlation(truth, jnp.full((1000, 2), value, truth.dtype))
        np.testing.assert_array_equal(found, 0)

    @pytest.mark.parametrize("scale", [1e-30, 1e30])
    def test_extreme_scales(self, rng, scale):
        codes = jnp.asarray(sparse_codes(rng), jnp.float32)
        np.testing.assert_allclose(np.diag(metrics.absolute_correlation(codes, codes * scale)), 1, rtol=1e-5)


class TestMeanCorrelation:
    def test_invariant_to_order_sign_and_scale(self, rng):
        truth = sparse_codes(rng)
        estimate, order = scrambled(rng, truth)
        found = metrics.mean_correlation(jnp.asarray(truth), jnp.asarray(estimate))
        assert found.mcc == pytest.approx(1, abs=1e-6)
        np.testing.assert_array_equal(order[found.assignment], np.arange(6))

    def test_best_permutation_by_brute_force(self, rng):
        truth = sparse_codes(rng, n_latents=5)
        estimate = truth @ rng.standard_normal((5, 5))
        similarity = np.abs(np.corrcoef(truth.T, estimate.T)[:5, 5:])
        best = max(similarity[range(5), p].mean() for p in itertools.permutations(range(5)))
        assert metrics.mean_correlation(jnp.asarray(truth), jnp.asarray(estimate)).mcc == pytest.approx(best, rel=1e-5)

    def test_never_active_latents_are_left_out(self, rng):
        truth = sparse_codes(rng)
        truth[:, 2] = 0
        found = metrics.mean_correlation(jnp.asarray(truth), jnp.asarray(truth))
        assert found.mcc == pytest.approx(1, abs=1e-6)
        np.testing.assert_array_equal(found.counted, [True, True, False, True, True, True])

    def test_dead_estimate_counts_as_zero(self, rng):
        truth = sparse_codes(rng)
        estimate = truth.copy()
        estimate[:, 1] = 0
        found = metrics.mean_correlation(jnp.asarray(truth), jnp.asarray(estimate))
        assert found.mcc == pytest.approx(5 / 6, rel=1e-5)

    @pytest.mark.parametrize("n_atoms", [4, 6, 9])
    def test_unequal_counts(self, rng, n_atoms):
        truth = sparse_codes(rng)
        spare = rng.standard_normal((200, 3))
        estimate = np.concatenate([truth, spare], axis=1)[:, :n_atoms]
        found = metrics.mean_correlation(jnp.asarray(truth), jnp.asarray(estimate))
        assert found.mcc == pytest.approx(1, abs=1e-6)
        assert np.sum(np.asarray(found.assignment) >= 0) == min(6, n_atoms)

    def test_mask_is_applied_before_matching(self, rng):
        truth = sparse_codes(rng)
        mask = jnp.array([True, True, False, False, True, False])
        found = metrics.mean_correlation(jnp.asarray(truth), jnp.asarray(truth[:, [4, 1, 0]]), mask=mask)
        assert found.mcc == pytest.approx(1, abs=1e-6)
        nothing = metrics.mean_correlation(jnp.asarray(truth), jnp.asarray(truth), mask=jnp.zeros(6, bool))
        assert np.isnan(nothing.mcc)

    def test_vmap_equals_one_by_one(self, rng):
        truth, estimate = jnp.asarray(rng.standard_normal((2, 3, 50, 5)))
        batched = jax.jit(jax.vmap(lambda a, b: metrics.mean_correlation(a, b).mcc))(truth, estimate)
        single = [metrics.mean_correlation(a, b).mcc for a, b in zip(truth, estimate, strict=True)]
        np.testing.assert_allclose(batched, jnp.stack(single), rtol=1e-6)


class TestDictionarySimilarity:
    def test_invariant_to_order_sign_and_scale(self, rng):
        truth = rng.standard_normal((5, 8))
        estimate, order = scrambled(rng, truth)
        found = metrics.dictionary_similarity(jnp.asarray(truth), jnp.asarray(estimate))
        assert found.matched_cosine == pytest.approx(1, abs=1e-6)
        assert found.max_cosine == pytest.approx(1, abs=1e-6)
        np.testing.assert_array_equal(order[found.assignment], np.arange(8))

    def test_against_scipy_and_the_nearest_atom(self, rng):
        truth, estimate = rng.standard_normal((5, 6)), rng.standard_normal((5, 9))
        cosine = np.abs((truth / np.linalg.norm(truth, axis=0)).T @ (estimate / np.linalg.norm(estimate, axis=0)))
        rows, columns = linear_sum_assignment(cosine, maximize=True)
        found = metrics.dictionary_similarity(jnp.asarray(truth), jnp.asarray(estimate))
        assert found.matched_cosine == pytest.approx(cosine[rows, columns].mean(), rel=1e-5)
        assert found.max_cosine == pytest.approx(cosine.max(axis=1).mean(), rel=1e-5)

    def test_zero_columns_have_cosine_zero_and_count(self):
        found = metrics.dictionary_similarity(jnp.eye(4), jnp.eye(4).at[:, 0].set(0))
        assert found.matched_cosine == pytest.approx(0.75)
        assert found.max_cosine == pytest.approx(0.75)
        mask = jnp.array([False, True, True, True])
        masked = metrics.dictionary_similarity(jnp.eye(4), jnp.eye(4).at[:, 0].set(0), mask=mask)
        assert masked.matched_cosine == pytest.approx(1)

    def test_denormal_and_huge_columns(self):
        truth = jnp.diag(jnp.array([1e-35, 1e35, 1.0], jnp.float32))
        assert metrics.dictionary_similarity(truth, jnp.eye(3)).matched_cosine == pytest.approx(1)


class TestAlign:
    def test_undoes_order_sign_and_scale(self, rng):
        truth = jnp.asarray(sparse_codes(rng))
        estimate = jnp.asarray(scrambled(rng, np.asarray(truth))[0])
        aligned = metrics.align(truth, estimate, metrics.mean_correlation(truth, estimate).assignment)
        np.testing.assert_allclose(aligned, truth, atol=1e-6)

    def test_scale_is_least_squares(self, rng):
        truth, estimate = rng.standard_normal((2, 50, 3))
        aligned = metrics.align(jnp.asarray(truth), jnp.asarray(estimate), jnp.array([2, 0, 1]))
        for i, j in enumerate([2, 0, 1]):
            scale = np.linalg.lstsq(estimate[:, [j]], truth[:, i], rcond=None)[0]
            np.testing.assert_allclose(aligned[:, i], scale * estimate[:, j], atol=1e-6)

    def test_unmatched_and_dead_become_zero(self, rng):
        truth = jnp.asarray(sparse_codes(rng, n_latents=3))
        aligned = metrics.align(truth, truth.at[:, 1].set(0), jnp.array([0, 1, -1]))
        np.testing.assert_array_equal(aligned[:, 1:], 0)


class TestSupport:
    @pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
    def test_against_scikit_learn(self, rng, threshold):
        truth, estimate = sparse_codes(rng), sparse_codes(rng)
        estimate[:, :3] = truth[:, :3]
        found = metrics.support_scores(jnp.asarray(truth), jnp.asarray(estimate), threshold=threshold)
        active, guess = (truth != 0).ravel(), (np.abs(estimate) > threshold).ravel()
        assert found.precision == pytest.approx(precision_score(active, guess), rel=1e-5)
        assert found.recall == pytest.approx(recall_score(active, guess), rel=1e-5)
        assert found.f1 == pytest.approx(f1_score(active, guess), rel=1e-5)

    def test_truth_threshold(self):
        truth, estimate = jnp.array([[0.01, 1.0]]), jnp.array([[0.0, 1.0]])
        assert metrics.support_scores(truth, estimate, threshold=0.05, truth_threshold=0.05).f1 == 1
        assert metrics.support_scores(truth, estimate, threshold=0.05).recall == 0.5

    @pytest.mark.parametrize(
        ("truth", "estimate", "expected"),
        [([0, 0], [0, 0], (1, 1, 1)), ([1, 0], [0, 0], (0, 0, 0)), ([0, 0], [1, 0], (0, 0, 0))],
    )
    def test_zero_over_zero(self, truth, estimate, expected):
        found = metrics.support_scores(jnp.array([truth], float), jnp.array([estimate], float), threshold=0.1)
        assert (found.precision, found.recall, found.f1) == expected

    def test_chance_and_invariance(self, rng):
        # Density .2, guessed with probability .5: an F1 of 2 x .2 x .5 / .7. Its standard error on 60,000 entries is
        # below .003.
        truth = rng.standard_normal((6000, 10)) * (rng.random((6000, 10)) < 0.2)
        guess = rng.standard_normal((6000, 10)) * (rng.random((6000, 10)) < 0.5)
        found = metrics.support_scores(jnp.asarray(truth), jnp.asarray(guess), threshold=0.0)
        assert found.f1 == pytest.approx(0.2 / 0.7, abs=0.009)
        order, signs = rng.permutation(10), rng.choice([-1, 1], (2, 6000, 10))
        moved = 3 * (signs * np.stack([truth, guess]))[:, ::-1, order]
        for score in (metrics.support_scores, metrics.exact_support_rate):
            plain = score(jnp.asarray(truth), jnp.asarray(guess), threshold=0.1)
            same = score(*map(jnp.asarray, moved), threshold=0.3)
            np.testing.assert_allclose(jax.tree.leaves(same), jax.tree.leaves(plain), rtol=1e-6)


class TestErrors:
    def test_nmse_of_nothing_of_unrelated_codes_and_invariance(self, rng):
        truth, other = rng.standard_normal((2, 4000, 10))
        assert metrics.nmse(jnp.asarray(truth), jnp.zeros((4000, 10))) == pytest.approx(1, rel=1e-5)
        # 40,000 products of unit variance: standard error .01 of the cross term, .014 with both energies.
        found = metrics.nmse(jnp.asarray(truth), jnp.asarray(other))
        assert found == pytest.approx(2, abs=0.05)
        order = rng.permutation(10)
        moved = metrics.nmse(jnp.asarray(-7 * truth[::-1, order]), jnp.asarray(-7 * other[::-1, order]))
        assert moved == pytest.approx(float(found), rel=1e-5)

    def test_hand_made(self):
        truth, estimate = jnp.array([[3.0, 4.0], [0.0, 0.0]]), jnp.array([[0.0, 4.0], [0.0, 0.0]])
        assert metrics.nmse(truth, estimate) == pytest.approx(9 / 25)
        np.testing.assert_allclose(metrics.relative_error(truth, estimate), [3 / 5, 0])

    def test_no_energy(self):
        zero, one = jnp.zeros((1, 2)), jnp.ones((1, 2))
        assert metrics.nmse(zero, zero) == 0
        assert metrics.nmse(zero, one) == jnp.inf
        np.testing.assert_array_equal(metrics.relative_error(zero, one), [jnp.inf])
        assert jnp.isnan(metrics.nmse(one, one * jnp.nan))


class TestCoherence:
    def test_three_vectors_of_the_plane_meet_the_welch_bound(self):
        angles = 2 * jnp.pi * jnp.arange(3) / 3
        assert metrics.coherence(jnp.stack([jnp.cos(angles), jnp.sin(angles)])) == pytest.approx(0.5, rel=1e-5)

    def test_mask_leaves_columns_out(self):
        dictionary = jnp.array([[1.0, 0.0, 1e-3], [0.0, 2.0, 1e-3]])
        assert metrics.coherence(dictionary) == pytest.approx(np.sqrt(0.5), rel=1e-5)
        assert metrics.coherence(dictionary, mask=jnp.array([True, True, False])) == 0
        assert metrics.coherence(dictionary, mask=jnp.array([True, False, False])) == 0


class TestRepresentation:
    def test_pentagon(self):
        # Five unit vectors in the plane: each has 2/5 of a dimension, interference 2 cos^2 72 + 2 cos^2 144 = 3/2.
        angles = 2 * jnp.pi * jnp.arange(5) / 5
        weights = jnp.stack([jnp.cos(angles), jnp.sin(angles)])
        np.testing.assert_allclose(metrics.feature_dimensionality(weights), 0.4, rtol=1e-5)
        np.testing.assert_allclose(metrics.superposition(weights), 1.5, rtol=1e-5)
        assert metrics.dimensions_per_feature(weights) == pytest.approx(0.4, rel=1e-5)
        assert metrics.represented_fraction(weights) == 1

    def test_antipodal_pairs_and_unrepresented(self):
        weights = jnp.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
        np.testing.assert_allclose(metrics.feature_dimensionality(weights), [0.5, 0.5, 1, 0])
        np.testing.assert_allclose(metrics.superposition(weights), [1, 1, 0, 0])
        np.testing.assert_array_equal(metrics.represented(weights), [True, True, True, False])
        assert metrics.dimensions_per_feature(weights) == pytest.approx(2 / 3)
        assert metrics.dimensions_per_feature(0 * weights) == jnp.inf


def _all_metrics(truth, estimate):
    matched = metrics.mean_correlation(truth, estimate)
    weights = truth[:4]
    return {
        "match": matched,
        "similarity": metrics.dictionary_similarity(weights, estimate[:4]),
        "aligned": metrics.align(truth, estimate, matched.assignment),
        "support": metrics.support_scores(truth, estimate, threshold=0.1),
        "nmse": metrics.nmse(truth, estimate),
        "relative_error": metrics.relative_error(truth, estimate),
        "coherence": metrics.coherence(weights),
        "representation": (
            metrics.represented_fraction(weights),
            metrics.dimensions_per_feature(weights),
            metrics.feature_dimensionality(weights),
            metrics.superposition(weights),
        ),
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_follows_the_inputs(rng, dtype):
    truth, estimate = rng.standard_normal((2, 20, 5)).astype(dtype)
    with jax.enable_x64(True):
        leaves = jax.tree.leaves(jax.jit(_all_metrics)(jnp.asarray(truth), jnp.asarray(estimate)))
        floating = [leaf for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.floating)]
        assert all(leaf.dtype == dtype for leaf in floating)
        assert all(np.all(np.isfinite(leaf)) for leaf in floating)
