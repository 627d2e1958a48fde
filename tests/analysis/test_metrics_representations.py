"""Metrics between representations, and proxies without truth: SciPy, scikit-learn, formulas, chance, invariances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compiled_metrics import metrics
from scipy import optimize, spatial, stats
from sklearn.cross_decomposition import CCA

N_SAMPLES = 60


def rotation(rng, n):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def pair(rng):
    first = rng.standard_normal((N_SAMPLES, 6)) * [3, 2, 1, 1, 1, 0.3]
    return first, first[:, :4] @ rng.standard_normal((4, 4)) + rng.standard_normal((N_SAMPLES, 4))


def call(function, *sides, **settings):
    return function(*(jnp.asarray(side) for side in sides), **settings)


ROTATED = {
    "cka": metrics.linear_cka,
    "debiased cka": lambda a, b: metrics.linear_cka(a, b, debiased=True),
    "svcca": metrics.svcca,
    "procrustes": metrics.procrustes_distance,
    "cca": lambda a, b: jnp.mean(metrics.canonical_correlations(a, b)),
}


@pytest.mark.parametrize("name", ROTATED)
def test_rotation_shift_and_scale_change_nothing(name, pair, rng):
    first, second = pair
    moved = 7 * first @ rotation(rng, 6) - 2
    assert call(ROTATED[name], moved, second) == pytest.approx(float(call(ROTATED[name], first, second)), abs=2e-5)
    assert call(ROTATED[name], second, first) == pytest.approx(float(call(ROTATED[name], first, second)), abs=2e-5)
    best = 0 if name == "procrustes" else 1
    # A distance is the square root of a difference of rounding size.
    assert call(ROTATED[name], first, moved) == pytest.approx(best, abs=2e-3 if name == "procrustes" else 2e-5)


class TestCka:
    def test_debiased_against_the_definition_by_gram_matrices(self, pair):
        def hsic(k, ll):
            n = len(k)
            k, ll = k - np.diag(np.diag(k)), ll - np.diag(np.diag(ll))
            one = np.ones(n)
            extra = one @ k @ one * (one @ ll @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * one @ k @ ll @ one
            return np.trace(k @ ll) + extra

        k, ll = (side @ side.T for side in pair)
        expected = hsic(k, ll) / np.sqrt(hsic(k, k) * hsic(ll, ll))
        assert call(metrics.linear_cka, *pair, debiased=True) == pytest.approx(expected, abs=1e-5)

    def test_chance(self, rng):
        sides = jnp.asarray(rng.standard_normal((2, 200, 30, 20)))
        biased = jax.vmap(metrics.linear_cka)(*sides)
        debiased = np.asarray(jax.vmap(lambda a, b: metrics.linear_cka(a, b, debiased=True))(*sides))
        assert np.mean(biased) == pytest.approx(20 / 50, abs=0.02)
        assert abs(debiased.mean()) < 4 * debiased.std() / np.sqrt(200)
        assert np.isnan(metrics.linear_cka(jnp.ones((9, 2)), sides[0, 0, :9]))
        assert np.isnan(metrics.linear_cka(sides[0, 0, :3], sides[1, 0, :3], debiased=True))


class TestRsa:
    @pytest.mark.parametrize("rank", [True, False])
    def test_against_scipy(self, pair, rank):
        first, second = (spatial.distance.pdist(side, "correlation") for side in pair)
        expected = (stats.spearmanr if rank else stats.pearsonr)(first, second).statistic
        assert call(metrics.representational_similarity, *pair, rank=rank) == pytest.approx(expected, abs=1e-4)

    def test_order_of_dimensions_and_scale_of_samples(self, pair, rng):
        first, second = pair
        plain = call(metrics.representational_similarity, first, second)
        moved = first[:, rng.permutation(6)] * rng.uniform(0.5, 2, (N_SAMPLES, 1)) + 3
        assert call(metrics.representational_similarity, moved, second) == pytest.approx(float(plain), abs=1e-3)


class TestCca:
    def test_against_scikit_learn(self, pair):
        model = CCA(n_components=4, scale=False, tol=1e-10, max_iter=5000).fit(*pair)
        expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(*(t.T for t in model.transform(*pair)), strict=True)]
        np.testing.assert_allclose(call(metrics.canonical_correlations, *pair), expected, atol=1e-3)

    def test_invertible_maps_change_nothing(self, pair, rng):
        first, second = pair
        mixed = first @ rng.standard_normal((6, 6)) + 1
        np.testing.assert_allclose(
            call(metrics.canonical_correlations, mixed, second),
            call(metrics.canonical_correlations, first, second),
            atol=1e-4,
        )

    def test_chance(self, rng):
        sides = jnp.asarray(rng.standard_normal((2, 100, 40, 5)))
        squares = np.asarray(jax.vmap(metrics.canonical_correlations)(*sides)) ** 2
        per_draw = squares.mean(axis=1)
        assert per_draw.mean() == pytest.approx(5 / 39, abs=4 * float(per_draw.std()) / 10)

    def test_svcca_keeps_the_components_that_hold_the_variance(self, pair):
        def leading(side, variance):
            left, size, _ = np.linalg.svd(side - side.mean(0), full_matrices=False)
            kept = np.searchsorted(np.cumsum(size**2) / np.sum(size**2), variance) + 1
            return left[:, :kept]

        for variance in (0.5, 0.9, 0.99):
            bases = [leading(side, variance) for side in pair]
            expected = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False).mean()
            assert call(metrics.svcca, *pair, variance=variance) == pytest.approx(expected, abs=1e-5)
        assert np.isnan(metrics.svcca(jnp.ones((9, 2)), jnp.ones((9, 2))))


def test_procrustes_against_scipy(pair):
    first, second = pair
    padded = np.hstack([second, np.zeros((N_SAMPLES, 2))])
    disparity = spatial.procrustes(first, padded)[2]  # 1 - nuclear^2, with an optimal scale
    expected = np.sqrt(2 - 2 * np.sqrt(1 - disparity))
    assert call(metrics.procrustes_distance, first, second) == pytest.approx(expected, abs=1e-5)


class TestSoftMatching:
    def test_equal_sizes_are_a_matching_and_agree_with_the_linear_program(self, rng):
        first, second = rng.standard_normal((2, N_SAMPLES, 5))
        gain = np.corrcoef(first.T, second.T)[:5, 5:]
        rows, columns = optimize.linear_sum_assignment(gain, maximize=True)
        expected = np.sqrt(2 - 2 * gain[rows, columns].mean())
        assert call(metrics.soft_matching_distance, first, second) == pytest.approx(expected, abs=1e-5)
        # Each column twice on one side: sizes differ, the shares halve, the optimum stays.
        doubled = np.repeat(first, 2, axis=1)
        assert call(metrics.soft_matching_distance, doubled, second) == pytest.approx(expected, abs=1e-5)

    def test_unequal_sizes_against_replicated_columns(self, rng):
        first, second = rng.standard_normal((N_SAMPLES, 2)), rng.standard_normal((N_SAMPLES, 3))
        # Shares of 1/2 and 1/3 are whole multiples of 1/6: an assignment of 3 and 2 copies.
        gain = np.corrcoef(np.repeat(first, 3, 1).T, np.repeat(second, 2, 1).T)[:6, 6:]
        rows, columns = optimize.linear_sum_assignment(gain, maximize=True)
        expected = np.sqrt(2 - 2 * gain[rows, columns].mean())
        found = jax.jit(jax.vmap(metrics.soft_matching_distance))(jnp.asarray([first] * 2), jnp.asarray([second] * 2))
        np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_order_scale_and_sign(self, rng):
        first = rng.standard_normal((N_SAMPLES, 5))
        moved = (first * [1, 2, 3, 4, 5] + 1)[:, rng.permutation(5)]
        assert call(metrics.soft_matching_distance, first, moved) == pytest.approx(0, abs=2e-3)
        assert call(metrics.soft_matching_distance, first, -first) > 1
        assert call(metrics.soft_matching_distance, first, -first, signed=False) == pytest.approx(0, abs=2e-3)


N_CLASSES = 4


@pytest.fixture
def items(rng):
    """Items of four kinds; the first four atoms fire on one kind each, the next four at random."""
    labels = rng.integers(N_CLASSES, size=400)
    embedding = np.eye(N_CLASSES)[labels] + 0.1 * rng.standard_normal((400, N_CLASSES))
    pure = np.eye(N_CLASSES)[labels] * rng.uniform(0.5, 1, (400, N_CLASSES))
    random = (rng.random((400, N_CLASSES)) < 0.25) * rng.uniform(0.5, 1, (400, N_CLASSES))
    return labels, embedding, np.hstack([pure, random])


class TestIntrusion:
    def test_pure_atoms_are_found_out_and_random_ones_at_chance(self, items):
        _, embedding, codes = items
        play = jax.jit(lambda c, e: metrics.intrusion_accuracy(jax.random.key(1), c, e, n_top=5, n_rounds=40))
        found = np.asarray(play(*map(jnp.asarray, (codes, embedding))))
        # The intruder comes from the smallest half, of which none has the atom's kind.
        assert np.all(found[:4] > 0.95)
        rng = np.random.default_rng(0)
        many = rng.random((400, 200))
        drawn = np.asarray(play(*map(jnp.asarray, (many, embedding))))
        # 200 random atoms, whose rounds share their top items: the standard error is that of the mean over atoms.
        assert drawn.mean() == pytest.approx(1 / 6, abs=4 * drawn.std() / np.sqrt(200))
        bent = play(jnp.exp(3 * jnp.asarray(codes)), 2 * jnp.asarray(embedding) @ rotation(rng, N_CLASSES))
        np.testing.assert_allclose(bent, found, atol=1e-6)

    def test_equally_odd_items_are_chance_and_n_top_is_checked(self):
        found = metrics.intrusion_accuracy(jax.random.key(0), jnp.arange(20.0)[:, None], jnp.ones((20, 2)), n_top=4)
        assert found == pytest.approx(1 / 5)
        with pytest.raises(ValueError, match="n_top must be from 2 to half of the 20 items, not 11"):
            metrics.intrusion_accuracy(jax.random.key(0), jnp.ones((20, 1)), jnp.ones((20, 2)), n_top=11)

    def test_a_round_shows_the_intruder_first_and_is_the_one_that_is_judged(self, items):
        _, embedding, codes = items
        embedding, codes = jnp.asarray(embedding, jnp.float32), jnp.asarray(codes, jnp.float32)
        key = jax.random.key(3)
        # The first of one key's children, as the accuracy over one round draws it.
        shown = np.asarray(metrics.intrusion_round(jax.random.split(key, 1)[0], codes, n_top=4))
        for atom, (intruder, *top) in enumerate(shown):
            column = np.asarray(codes[:, atom])
            assert column[top].min() >= np.sort(column)[-4]
            assert np.sum(column < column[intruder]) < len(column) / 2
        alike = np.asarray(metrics.fellowship(embedding, jnp.asarray(shown)))
        cosine = 1 - spatial.distance.cdist(np.asarray(embedding), np.asarray(embedding), "cosine")
        expected = cosine[shown[:, :, None], shown[:, None, :]].sum(axis=2) - 1
        np.testing.assert_allclose(alike, expected, atol=1e-5)
        found = metrics.intrusion_accuracy(key, codes, embedding, n_top=4, n_rounds=1)
        clear = np.sort(alike, axis=1)[:, 1] - np.sort(alike, axis=1)[:, 0] > 1e-4
        np.testing.assert_array_equal(np.asarray(found)[clear], np.argmin(alike, axis=1)[clear] == 0)


class TestSelectivity:
    def test_against_plain_arithmetic(self, items):
        labels, _, codes = items
        means = np.array([np.abs(codes[labels == c]).mean(axis=0) for c in range(N_CLASSES)])
        rest = (means.sum(0) - means.max(0)) / (N_CLASSES - 1)
        expected = (means.max(0) - rest) / (means.max(0) + rest)
        # A class that does not occur changes nothing.
        found = call(metrics.class_selectivity, -3 * codes, labels, n_classes=N_CLASSES + 2)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        np.testing.assert_allclose(expected[:4], 1)

    def test_edges(self):
        codes, labels = jnp.ones((6, 1)), jnp.arange(6) % 2
        assert metrics.class_selectivity(codes, labels, n_classes=2) == 0
        assert metrics.class_selectivity(0 * codes, labels, n_classes=2) == 0
        assert np.isnan(metrics.class_selectivity(codes, 0 * labels, n_classes=2)[0])


class TestMonosemanticity:
    def test_against_the_sum_over_pairs(self, items):
        _, embedding, codes = items
        codes = codes[:40] + 0.3
        embedding = embedding[:40]
        weights = (codes - codes.min(0)) / (codes.max(0) - codes.min(0))
        cosine = 1 - spatial.distance.cdist(embedding, embedding, "cosine")
        upper = np.triu_indices(40, 1)
        expected = [np.average(cosine[upper], weights=np.outer(w, w)[upper]) for w in weights.T]
        np.testing.assert_allclose(call(metrics.monosemanticity, 5 * codes - 2, embedding), expected, atol=1e-4)
        assert call(metrics.mean_cosine, embedding) == pytest.approx(cosine[upper].mean(), abs=1e-5)

    def test_pure_and_random_atoms(self, items):
        _, embedding, codes = items
        found = np.asarray(call(metrics.monosemanticity, codes, embedding))
        assert found[:4].min() > 0.9
        # 100 active items have 4,950 pairs, each of standard deviation below .5; shared items make them fewer.
        assert np.abs(found[4:] - call(metrics.mean_cosine, embedding)).max() < 0.1

    def test_constant_or_single_item_is_nan(self):
        codes = jnp.stack([jnp.ones(5), jnp.arange(5) == 2], axis=1)
        assert np.all(np.isnan(metrics.monosemanticity(codes.astype(float), jnp.ones((5, 2)))))
