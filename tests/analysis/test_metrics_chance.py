"""The chance levels and invariances that the metrics' docstrings state, where no other test holds them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compiled_metrics import metrics

from analysis import theory


@pytest.fixture
def rng():
    return np.random.default_rng(17)


def sparse(rng, n_samples, n_latents, density):
    return (rng.random((n_samples, n_latents)) < density) * rng.standard_normal((n_samples, n_latents))


def arrays(*values):
    return [jnp.asarray(value) for value in values]


def test_error_of_unrelated_codes(rng):
    truth, estimate = sparse(rng, 4000, 5, 0.3), 2 * sparse(rng, 4000, 5, 0.3)
    ratio = np.sum(estimate**2) / np.sum(truth**2)
    # Twice the inner product of 20,000 pairs of entries, of which 9% are not 0, over the 6,000 of the energy.
    assert metrics.nmse(*arrays(truth, estimate)) == pytest.approx(1 + ratio, abs=4 * 4 * np.sqrt(1800) / 6000)
    assert metrics.nmse(*arrays(truth, 0 * truth)) == 1
    turn = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    moved = metrics.nmse(*arrays(3 * truth @ turn, 3 * estimate @ turn))
    assert moved == pytest.approx(float(metrics.nmse(*arrays(truth, estimate))), rel=1e-4)
    np.testing.assert_allclose(metrics.relative_error(*arrays(np.eye(2), np.eye(2)[::-1])), np.sqrt(2), rtol=1e-6)


def test_supports_of_unrelated_codes(rng):
    p, q, n = 0.1, 0.2, 4
    truth, estimate = sparse(rng, 10_000, n, p), sparse(rng, 10_000, n, q)
    found = metrics.support_scores(*arrays(truth, estimate), threshold=0.0)
    # 8,000 found and 4,000 active entries: standard errors of .0034 and .0063, and of F1 about .004.
    assert found.precision == pytest.approx(p, abs=4 * 0.0034)
    assert found.recall == pytest.approx(q, abs=4 * 0.0063)
    assert found.f1 == pytest.approx(2 * p * q / (p + q), abs=4 * 0.004)
    exact = metrics.exact_support_rate(*arrays(truth, estimate), threshold=0.0)
    assert exact == pytest.approx((1 - p - q + 2 * p * q) ** n, abs=4 * 0.005)
    order, sign = rng.permutation(n), rng.choice([-1, 1], n)
    moved = arrays((truth * sign)[:, order], (5 * estimate)[:, order])
    assert metrics.support_scores(*moved, threshold=0.0).f1 == pytest.approx(float(found.f1))
    assert metrics.exact_support_rate(*moved, threshold=0.0) == pytest.approx(float(exact))


def test_unrelated_dictionaries(rng):
    drawn = jnp.asarray(rng.standard_normal((2, 100, 6, 12)))

    def means(truth, estimate):
        similarity = metrics.dictionary_similarity(truth, estimate)
        return similarity.matched_cosine, similarity.max_cosine

    found = jax.jit(jax.vmap(means))(*drawn)
    for values, few in zip(map(np.asarray, found), (12, 1), strict=True):
        chance = theory.matched_cosine_chance(6, few, 12)
        # Both the drawn mean and the simulated level vary: by .001 to .002 the latter.
        assert np.mean(values) == pytest.approx(chance, abs=4 * float(np.hypot(np.std(values) / 10, 0.002)))
    turn = jnp.asarray(np.linalg.qr(rng.standard_normal((6, 6)))[0])
    moved = metrics.dictionary_similarity(turn @ drawn[0, 0], turn @ drawn[1, 0])
    assert moved.matched_cosine == pytest.approx(float(found[0][0]), abs=1e-5)
    stability = metrics.dictionary_stability(drawn[:, 0])
    assert stability.mean == pytest.approx(float(found[0][0]), abs=1e-5)


def test_soft_matching_of_unrelated_codes(rng):
    drawn = jnp.asarray(rng.standard_normal((2, 100, 30, 12)))
    distance = jax.jit(jax.vmap(lambda a, b: metrics.soft_matching_distance(a, b, signed=False)))(*drawn)
    overlap = 1 - np.asarray(distance) ** 2 / 2
    expected = theory.correlation_chance(30, 12, 12)
    assert overlap.mean() == pytest.approx(expected, abs=4 * float(np.hypot(overlap.std() / 10, 0.002)))


def test_procrustes_of_unrelated_codes(rng):
    drawn = jnp.asarray(rng.standard_normal((2, 1000, 10)))
    # The nuclear norm of a square Gaussian matrix, in the limit 8 / (3 pi) n^(3/2): a tenth off at n = 10.
    overlap = 8 / (3 * np.pi) * np.sqrt(10 / 1000)
    assert 1 - metrics.procrustes_distance(*drawn) ** 2 / 2 == pytest.approx(overlap, rel=0.25)
    few = jnp.asarray(rng.standard_normal((2, 8, 200)))
    assert metrics.procrustes_distance(*few) < 0.3


def test_order_and_sign_do_not_revive_the_dead(rng):
    codes = sparse(rng, 20, 40, 0.05)
    order, sign = rng.permutation(40), rng.choice([-1, 1], 40)
    dead = np.asarray(metrics.dead_atoms(jnp.asarray(codes)))
    assert 0 < dead.sum() < 40
    np.testing.assert_array_equal(metrics.dead_atoms(jnp.asarray((codes * sign)[:, order])), dead[order])


def test_splitting_of_unrelated_codes_is_no_zero_point(rng):
    truth = sparse(rng, 400, 6, 0.3)
    unrelated = metrics.feature_splitting(*arrays(truth, sparse(rng, 400, 6, 0.3))).split_rate
    assert unrelated > 0.5
    assert metrics.feature_splitting(*arrays(truth, -2 * truth[:, ::-1])).split_rate == 0


def test_absorption_by_chance_needs_few_dimensions(rng):
    def rate(n_dims):
        truth, estimate = sparse(rng, 300, 12, 0.2), 2 * sparse(rng, 300, 12, 0.3)
        dictionary, atoms = rng.standard_normal((2, n_dims, 12))
        unit = (x / np.linalg.norm(x, axis=0) for x in (dictionary, atoms))
        order = rng.permutation(12)
        own = np.eye(12, dtype=bool)
        first, second = unit
        found = metrics.feature_absorption(*arrays(truth, estimate, first, second, own)).rate
        moved = arrays(truth, estimate[:, order], first, second[:, order], own[:, order])
        assert metrics.feature_absorption(*moved).rate == pytest.approx(float(found), abs=1e-6)
        return float(found)

    # Overlaps are about 1 / sqrt(n_dims): .58 and .07 of twice the amplitude, against half of it; a latent that is
    # hardly active is outdone by little.
    assert rate(3) > 0.3 > 0.2 > rate(200)


def test_selectivity_by_chance_is_high_for_sparse_atoms_and_few_items(rng):
    def mean(n_items, density):
        codes, labels = sparse(rng, n_items, 40, density), np.arange(n_items) % 10
        return float(jnp.mean(metrics.class_selectivity(*arrays(codes, labels), n_classes=10)))

    assert mean(60, 0.05) > 0.6
    assert mean(4000, 1.0) < 0.1
    codes, labels = sparse(rng, 100, 5, 0.5), jnp.arange(100) % 4
    moved = metrics.class_selectivity(jnp.asarray(-3 * codes[:, ::-1]), labels, n_classes=4)
    plain = metrics.class_selectivity(jnp.asarray(codes), labels, n_classes=4)
    np.testing.assert_allclose(moved[::-1], plain, atol=1e-5)
