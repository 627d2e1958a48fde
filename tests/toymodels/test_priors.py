"""Moments, marginals and dependences of the latent priors against their closed forms.

Every bound is 4.5 standard errors of the mean it is about: 7e-6 for one to fail by chance.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from toymodels import (
    MAGNITUDES,
    anticorrelated_blocks,
    bernoulli,
    compositional,
    correlated_blocks,
    counter_key,
    exact_k,
    gaussian_copula,
    group_sparse,
    hierarchy,
    von_mises_fisher,
)

KEY = jax.random.key(71)
P = 20000

DISTRIBUTIONS = {
    "uniform": stats.uniform(),
    "gaussian": stats.norm(),
    "exponential": stats.expon(),
    "laplace": stats.laplace(),
}


def draw(prior, **arguments):
    """The prior's codes, compiled as one program."""
    return jax.jit(lambda: prior(KEY, **arguments))()


def share_is(hits, probability):
    """Whether the share of hits is as expected of independent ones."""
    hits = np.asarray(hits)
    return abs(hits.mean() - probability) <= 4.5 * np.sqrt(probability * (1 - probability) / hits.size)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_magnitudes_follow_their_distributions_in_every_prior(name):
    expected = DISTRIBUTIONS[name]
    drawn = MAGNITUDES[name].draw(KEY, (5000,), jnp.float32)
    assert stats.kstest(drawn, expected.cdf).pvalue > 1e-3
    for density in (0.01, 0.6):
        codes = np.asarray(draw(bernoulli, n_samples=4000, n_latents=50, density=density, magnitude=name))
        assert share_is(codes != 0, density)
        assert stats.kstest(codes[codes != 0], expected.cdf).pvalue > 1e-3
    exact = np.asarray(draw(exact_k, n_samples=500, n_latents=12, n_active=5, magnitude=name))
    assert np.all(np.sum(exact != 0, axis=1) == 5)
    assert stats.kstest(exact[exact != 0], expected.cdf).pvalue > 1e-3
    assert (MAGNITUDES[name].mean, MAGNITUDES[name].second_moment) == pytest.approx(
        (expected.mean(), expected.moment(2))
    )


def test_spikes_are_exactly_one():
    codes = np.asarray(draw(bernoulli, n_samples=P, n_latents=4, density=0.3, magnitude="spike"))
    assert set(np.unique(codes)) == {0.0, 1.0}
    assert share_is(codes, 0.3)


@pytest.mark.parametrize("name", MAGNITUDES)
def test_moments_of_an_entry(name):
    density, kind = 0.2, MAGNITUDES[name]
    codes = np.asarray(draw(bernoulli, n_samples=P, n_latents=10, density=density, magnitude=name), np.float64)
    for power, moment in ((1, kind.mean), (2, kind.second_moment)):
        values = codes**power
        assert abs(values.mean() - density * moment) < 4.5 * values.std() / np.sqrt(values.size)


def test_signs_are_independent_of_sizes():
    codes = np.asarray(draw(bernoulli, n_samples=P, n_latents=10, density=0.5, magnitude="gaussian"))
    active = codes[codes != 0]
    assert share_is(active > 0, 0.5)
    assert stats.ks_2samp(active[active > 0], -active[active < 0]).pvalue > 1e-3


def test_unknown_magnitudes_are_named():
    for make in (
        lambda m: bernoulli(KEY, n_samples=1, n_latents=1, density=0.1, magnitude=m),
        lambda m: exact_k(KEY, n_samples=1, n_latents=1, n_active=1, magnitude=m),
    ):
        with pytest.raises(ValueError, match=r"magnitude must be one of uniform, .*, got 'cauchy'"):
            make("cauchy")


def test_correlated_blocks_fire_together_and_each_on_its_own():
    codes = np.asarray(draw(correlated_blocks, n_samples=P, n_latents=6, block_size=2, density=0.3))
    active = codes > 0
    np.testing.assert_array_equal(active[:, ::2], active[:, 1::2])
    assert share_is(active[:, ::2], 0.3)
    assert share_is(active[:, 0] & active[:, 2], 0.09)
    both = codes[active[:, 0]]
    assert abs(np.corrcoef(both[:, 0], both[:, 1])[0, 1]) < 4.5 / np.sqrt(len(both))


def test_anticorrelated_blocks_exclude_each_other():
    codes = np.asarray(draw(anticorrelated_blocks, n_samples=P, n_latents=6, block_size=3, density=0.2))
    active = codes > 0
    per_block = active.reshape(P, 2, 3).sum(axis=2)
    assert per_block.max() == 1
    assert share_is(per_block, 0.6)
    for latent in range(6):
        assert share_is(active[:, latent], 0.2)
    assert share_is(active[:, 0] & active[:, 3], 0.04)
    full = draw(anticorrelated_blocks, n_samples=100, n_latents=2, block_size=2, density=0.9)
    assert np.all(np.sum(np.asarray(full) != 0, axis=1) == 1)


def test_blocks_must_fill_the_latents():
    with pytest.raises(ValueError, match="block_size must divide n_latents, got 4 and 6"):
        correlated_blocks(KEY, n_samples=1, n_latents=6, block_size=4, density=0.1)


def test_gaussian_copula_has_its_marginals_and_joint_probabilities():
    loadings = jnp.array([[0.9, 0.0], [0.6, 0.6], [0.0, 0.0], [-0.8, 0.3]])
    codes = np.asarray(draw(gaussian_copula, n_samples=P, loadings=loadings, density=0.25, magnitude="exponential"))
    active, gram = codes > 0, np.asarray(loadings @ loadings.T, np.float64)
    t = stats.norm.ppf(0.25)
    for i, j in itertools.combinations(range(4), 2):
        both = stats.multivariate_normal([0, 0], [[1, gram[i, j]], [gram[i, j], 1]]).cdf([t, t])
        assert share_is(active[:, i] & active[:, j], both)
    for latent in range(4):
        assert share_is(active[:, latent], 0.25)
        assert stats.kstest(codes[active[:, latent], latent], "expon").pvalue > 1e-3


@pytest.mark.parametrize("exclusive", [False, True])
def test_children_need_their_parent(exclusive):
    codes = np.asarray(
        draw(hierarchy, n_samples=P, n_parents=2, n_children=3, density=0.4, child_density=0.2, exclusive=exclusive)
    )
    parents, children = codes[:, :2] > 0, (codes[:, 2:] > 0).reshape(P, 2, 3)
    assert not np.any(children & ~parents[:, :, None])
    assert share_is(parents, 0.4)
    assert share_is(children[parents][:, 0], 0.2)
    together = children[parents][:, 0] & children[parents][:, 1]
    assert not np.any(together) if exclusive else share_is(together, 0.04)
    assert share_is(parents[:, 0] & parents[:, 1], 0.16)


def test_groups_are_active_as_a_whole_and_exactly_so_many():
    codes = np.asarray(draw(group_sparse, n_samples=P, n_latents=10, group_size=2, n_active_groups=2))
    active = (codes != 0).reshape(P, 5, 2)
    np.testing.assert_array_equal(active[..., 0], active[..., 1])
    assert np.all(active[..., 0].sum(axis=1) == 2)
    counts = np.unique(active[..., 0] @ (2 ** np.arange(5)), return_counts=True)[1]
    assert counts.size == 10  # 5 choose 2
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(("n_latents", "concentration"), [(3, 0.0), (3, 10.0), (20, 500.0)])
def test_von_mises_fisher_has_its_mean(n_latents, concentration):
    direction = jnp.arange(1.0, n_latents + 1)
    codes = np.asarray(
        draw(von_mises_fisher, n_samples=P, direction=direction, concentration=concentration), np.float64
    )
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, rtol=1e-5)
    unit = np.asarray(direction) / np.linalg.norm(direction)
    order = n_latents / 2
    ratio = special.ive(order, concentration) / special.ive(order - 1, concentration) if concentration else 0.0
    along = codes @ unit
    assert abs(along.mean() - ratio) < 4.5 * along.std() / np.sqrt(P)
    # The second moment of the component: E t^2 = 1 - (N - 1) A / c, or 1 / N on the uniform sphere.
    second = 1 - (n_latents - 1) * ratio / concentration if concentration else 1 / n_latents
    # Single precision rounds t^2 near 1 by 1e-7.
    assert abs((along**2).mean() - second) < 4.5 * (along**2).std() / np.sqrt(P) + 1e-6
    across = codes - along[:, None] * unit
    assert np.abs(across.mean(axis=0)).max() < 4.5 * across.std(axis=0).max() / np.sqrt(P)


def test_compositional_splits_share_no_pair_of_latent_0():
    split = jax.jit(lambda k, out: compositional(KEY, n_samples=P, n_latents=8, n_active=k, out_of_distribution=out))
    inside, outside = (np.asarray(split(3, out)) > 0 for out in (False, True))
    for active in (inside, outside):
        assert np.all(active.sum(axis=1) == 3)
    assert share_is(inside[:, 0], 3 / 8)
    with_first = inside[inside[:, 0]]
    assert not np.any(with_first[:, 4:])
    assert share_is(with_first[:, 1], 2 / 3)
    alone = inside[~inside[:, 0]]
    assert share_is(alone[:, 7], 3 / 7)
    assert np.all(outside[:, 0])
    assert not np.any(outside[:, 1:5])
    assert share_is(outside[:, 6], 2 / 3)


def test_sizes_that_make_no_prior_are_named():
    with pytest.raises(ValueError, match="n_latents must be at least 3, got 2"):
        compositional(KEY, n_samples=1, n_latents=2, n_active=1)
    with pytest.raises(ValueError, match="n_children must be at least 1, got 0"):
        hierarchy(KEY, n_samples=1, n_parents=2, n_children=0, density=0.5, child_density=0.5)
    with pytest.raises(ValueError, match="at least 2 entries, got 1"):
        von_mises_fisher(KEY, n_samples=1, direction=jnp.ones(1), concentration=1.0)


def test_counter_keys_give_uniform_words_that_do_not_depend_on_each_other():
    steps = jax.vmap(lambda i: counter_key(jax.random.fold_in(KEY, i)))(jnp.arange(200))
    draws = np.asarray(jax.vmap(lambda key: jax.random.uniform(key, (500,)))(steps), np.float64)
    assert stats.kstest(draws.ravel(), "uniform").pvalue > 1e-3
    # Neighbours within a key, the same place in neighbouring keys, and a word beside its square.
    centred = draws - 0.5
    for a, b in (
        (centred[:, 1:], centred[:, :-1]),
        (centred[1:], centred[:-1]),
        (centred[:, 2:], centred[:, :-2] ** 2 - 1 / 12),
    ):
        products = a * b
        assert abs(products.mean()) < 4.5 * products.std() / np.sqrt(products.size)
    words = np.asarray(jax.vmap(lambda key: jax.random.bits(key, (500,)))(steps)).ravel()
    bits = (words[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    # The largest of 32 + 496 standard normal numbers: 4.5 is passed once in 280.
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4.5 / (2 * np.sqrt(len(bits)))
    assert np.abs(np.corrcoef(bits.T) - np.eye(32)).max() < 4.5 / np.sqrt(len(bits))
    # A birthday count: n (n - 1) / 2^33 = 1.16 pairs of equal words are expected; 8 or more have probability 4e-5.
    assert len(words) - len(np.unique(words)) < 8


def test_counter_keys_draw_alike_alone_and_together():
    keys = jax.random.split(KEY, 4)
    together = jax.vmap(lambda key: jax.random.normal(counter_key(key), (3,)))(keys)
    alone = jnp.stack([jax.random.normal(counter_key(key), (3,)) for key in keys])
    np.testing.assert_allclose(together, alone, rtol=1e-6)
    parent = counter_key(KEY)
    children = jax.random.split(parent, 1000)
    assert len(np.unique(np.asarray(jax.random.key_data(children)), axis=0)) == 1000
    first, second = (jax.random.bits(jax.random.fold_in(parent, i), (1000,)) for i in (0, 1))
    assert not np.intersect1d(first, second).size
