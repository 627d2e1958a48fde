import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from toymodels import bernoulli_uniform, exact_k

KEY = jax.random.key(20260)


@pytest.mark.parametrize("density", [0.01, 0.1, 0.5, 0.9])
def test_bernoulli_uniform_has_the_moments_of_its_distribution(density):
    codes = np.asarray(bernoulli_uniform(KEY, n_samples=4000, n_latents=50, density=density), np.float64)
    n = codes.size
    # Four standard errors of a mean of n independent entries: 6e-5 for each of these 12 checks to fail by chance.
    active_se = np.sqrt(density * (1 - density) / n)
    assert abs((codes > 0).mean() - density) < 4 * active_se
    assert abs(codes.mean() - density / 2) < 4 * np.sqrt((density / 3 - density**2 / 4) / n)
    assert abs((codes**2).mean() - density / 3) < 4 * np.sqrt((density / 5 - density**2 / 9) / n)


def test_bernoulli_uniform_values_are_uniform_and_latents_independent():
    codes = np.asarray(bernoulli_uniform(KEY, n_samples=20000, n_latents=4, density=0.3))
    assert stats.kstest(codes[codes > 0], "uniform").pvalue > 1e-3
    correlation = np.corrcoef(codes.T) - np.eye(4)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(20000)  # standard error of a null correlation: 1/sqrt(n)


@pytest.mark.parametrize(("density", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_bernoulli_uniform_at_the_ends(density, share):
    codes = np.asarray(bernoulli_uniform(KEY, n_samples=100, n_latents=100, density=density))
    # A uniform draw of exactly 0 has probability 2^-23.
    assert (codes != 0).mean() == share
    assert np.all((codes >= 0) & (codes < 1))


def test_bernoulli_uniform_traces_its_density(count_traces):
    draw = count_traces(lambda density: bernoulli_uniform(KEY, n_samples=7, n_latents=5, density=density))
    for density in (0.1, 0.6):
        expected = bernoulli_uniform(KEY, n_samples=7, n_latents=5, density=density)
        # Compiled code may multiply by the reciprocal: one unit in the last place.
        np.testing.assert_allclose(draw(density), expected, rtol=2e-7)
    assert count_traces.n == 1


@pytest.mark.parametrize("nonnegative", [False, True])
def test_exact_k_is_exact_for_every_k_in_one_compilation(nonnegative, count_traces):
    draw = count_traces(lambda k, sign: exact_k(KEY, n_samples=50, n_latents=23, n_active=k, nonnegative=sign))
    for n_active in range(24):
        codes = np.asarray(draw(n_active, nonnegative))
        assert np.all((codes != 0).sum(axis=1) == n_active)
        assert not nonnegative or codes.min() >= 0
    assert count_traces.n == 1


def test_exact_k_clamps_counts_outside_the_range():
    none, everything = (exact_k(KEY, n_samples=5, n_latents=8, n_active=n_active) for n_active in (-3, 9))
    assert not np.any(none)
    assert np.all(everything)


def test_exact_k_supports_are_uniform():
    n_samples, n_latents, n_active = 20000, 6, 3
    codes = exact_k(KEY, n_samples=n_samples, n_latents=n_latents, n_active=n_active)
    words = (np.asarray(codes) != 0) @ (2 ** np.arange(n_latents))
    counts = np.unique(words, return_counts=True)[1]
    assert counts.size == 20  # 6 choose 3
    assert stats.chisquare(counts).pvalue > 1e-3


def test_exact_k_amplitudes_are_standard_normal_and_independent_of_the_support():
    codes = np.asarray(exact_k(KEY, n_samples=2000, n_latents=40, n_active=5))
    assert stats.kstest(codes[codes != 0], "norm").pvalue > 1e-3
    positive = np.asarray(exact_k(KEY, n_samples=2000, n_latents=40, n_active=5, nonnegative=True))
    np.testing.assert_array_equal(positive, np.abs(codes))


def test_exact_k_stays_exact_when_random_words_tie(monkeypatch):
    def coarse(key, shape, dtype):
        return jax.random.randint(key, shape, 0, 3).astype(dtype)

    monkeypatch.setattr(jax.random, "bits", coarse)
    codes = np.asarray(exact_k(KEY, n_samples=200, n_latents=30, n_active=11))
    assert np.all((codes != 0).sum(axis=1) == 11)


def test_latents_follow_the_default_precision():
    assert bernoulli_uniform(KEY, n_samples=2, n_latents=2, density=0.5).dtype == jnp.float32
    assert exact_k(KEY, n_samples=2, n_latents=2, n_active=1).dtype == jnp.float32
    with jax.enable_x64(True):
        assert bernoulli_uniform(KEY, n_samples=2, n_latents=2, density=0.5).dtype == jnp.float64
        assert exact_k(KEY, n_samples=2, n_latents=2, n_active=1).dtype == jnp.float64
        single = bernoulli_uniform(KEY, n_samples=2, n_latents=2, density=jnp.float32(0.5))
        assert single.dtype == jnp.float32
