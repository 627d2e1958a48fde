import jax
import numpy as np
import pytest
from scipy import stats

from toymodels import (
    correlated_dictionary,
    fourier_dictionary,
    gaussian_dictionary,
    low_coherence_dictionary,
    near_dictionary,
    orthogonal_dictionary,
)

KEY = jax.random.key(11)


def test_columns_have_unit_norm():
    dictionary = np.asarray(gaussian_dictionary(KEY, n_dims=16, n_latents=64))
    assert dictionary.shape == (16, 64)
    np.testing.assert_allclose(np.linalg.norm(dictionary, axis=0), 1, rtol=1e-6)


def test_entries_are_normal_with_variance_one_over_n_dims():
    n_dims = 50
    dictionary = np.asarray(gaussian_dictionary(KEY, n_dims=n_dims, n_latents=400, unit_norm=False))
    assert stats.kstest(dictionary.ravel() * n_dims**0.5, "norm").pvalue > 1e-3


def test_unit_norm_only_rescales_columns():
    raw = np.asarray(gaussian_dictionary(KEY, n_dims=5, n_latents=9, unit_norm=False))
    unit = np.asarray(gaussian_dictionary(KEY, n_dims=5, n_latents=9))
    np.testing.assert_allclose(unit, raw / np.linalg.norm(raw, axis=0), rtol=1e-6)


@pytest.mark.parametrize("cosine", [0.0, 0.6, 1.0])
def test_columns_near_others(cosine):
    """At the cosine asked for, and apart from it in directions that have nothing to do with each other."""
    truth = gaussian_dictionary(KEY, n_dims=50, n_latents=400)
    near = np.asarray(near_dictionary(jax.random.key(12), truth, cosine=cosine))
    np.testing.assert_allclose(np.linalg.norm(near, axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(np.sum(near * np.asarray(truth), axis=0), cosine, atol=1e-6)
    if cosine < 1:
        away = near - cosine * np.asarray(truth)
        # 400 directions in 50 dimensions: their mean has a squared norm of (1 - cosine^2) / 400, give or take a fifth.
        assert np.sum(np.mean(away, axis=1) ** 2) == pytest.approx((1 - cosine**2) / 400, rel=0.6)


def test_cosines_follow_the_uniform_distribution_on_the_sphere():
    n_dims = 10
    dictionary = np.asarray(gaussian_dictionary(KEY, n_dims=n_dims, n_latents=2000), np.float64)
    cosine = np.sum(dictionary[:, ::2] * dictionary[:, 1::2], axis=0)
    # (1 + cosine) / 2 of two independent uniform directions is Beta((n-1)/2, (n-1)/2).
    assert stats.kstest((1 + cosine) / 2, stats.beta((n_dims - 1) / 2, (n_dims - 1) / 2).cdf).pvalue > 1e-3


def gram(dictionary):
    return np.asarray(dictionary, np.float64).T @ np.asarray(dictionary, np.float64)


def largest_cosine(dictionary):
    return np.abs(gram(dictionary) - np.eye(dictionary.shape[1])).max()


@pytest.mark.parametrize(("n_dims", "n_latents"), [(8, 5), (8, 8), (8, 20)])
def test_orthogonal_dictionary_is_as_orthogonal_as_it_can_be(n_dims, n_latents):
    dictionary = np.asarray(orthogonal_dictionary(KEY, n_dims=n_dims, n_latents=n_latents))
    if n_dims >= n_latents:
        np.testing.assert_allclose(gram(dictionary), np.eye(n_latents), atol=1e-6)
    else:
        np.testing.assert_allclose(gram(dictionary.T), np.eye(n_dims) * n_latents / n_dims, atol=1e-5)


def test_orthogonal_columns_are_uniform_on_the_sphere():
    columns = jax.vmap(lambda key: orthogonal_dictionary(key, n_dims=3, n_latents=3))(jax.random.split(KEY, 2000))
    # A coordinate of a uniform direction in three dimensions is uniform on [-1, 1] (Archimedes).
    for row, column in ((0, 0), (2, 1), (1, 2)):
        assert stats.kstest(np.asarray(columns)[:, row, column], stats.uniform(-1, 2).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("n_dims", "n_latents"), [(2, 3), (3, 4), (3, 6)])
def test_low_coherence_reaches_the_known_equiangular_frames(n_dims, n_latents):
    """Equiangular tight frames of these sizes exist: their coherence is Welch's bound."""
    welch = ((n_latents - n_dims) / (n_dims * (n_latents - 1))) ** 0.5
    keys = jax.random.split(KEY, 4)
    make = jax.jit(jax.vmap(lambda key: low_coherence_dictionary(key, n_dims=n_dims, n_latents=n_latents)))
    coherences = [largest_cosine(dictionary) for dictionary in make(keys)]
    # Alternating projections stop at local minima too: the best of four starts.
    assert welch - 1e-6 < min(coherences) < welch * 1.01


def test_low_coherence_is_lower_than_random_where_no_frame_is_equiangular():
    dictionary = low_coherence_dictionary(KEY, n_dims=16, n_latents=64)
    np.testing.assert_allclose(np.linalg.norm(dictionary, axis=0), 1, rtol=1e-5)
    welch = (48 / (16 * 63)) ** 0.5
    assert welch < largest_cosine(dictionary) < 0.6 * largest_cosine(gaussian_dictionary(KEY, n_dims=16, n_latents=64))
    with pytest.raises(ValueError, match="n_latents must be above n_dims"):
        low_coherence_dictionary(KEY, n_dims=4, n_latents=4)


@pytest.mark.parametrize(("n_dims", "n_latents"), [(6, 16), (5, 13), (12, 13)])
def test_fourier_dictionary_is_a_tight_frame_of_unit_columns(n_dims, n_latents):
    dictionary = np.asarray(fourier_dictionary(KEY, n_dims=n_dims, n_latents=n_latents), np.float64)
    np.testing.assert_allclose(np.linalg.norm(dictionary, axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(dictionary @ dictionary.T, np.eye(n_dims) * n_latents / n_dims, atol=1e-5)
    cosines = gram(dictionary)
    np.testing.assert_allclose(cosines, np.roll(cosines, (1, 1), axis=(0, 1)), atol=1e-5)


def test_fourier_rows_are_waves_of_the_discrete_fourier_transform():
    dictionary = np.asarray(fourier_dictionary(KEY, n_dims=6, n_latents=17))
    power = np.abs(np.fft.rfft(dictionary, axis=1)) ** 2
    assert np.all(np.sum(power > 1e-6, axis=1) == 1)
    assert len(set(np.argmax(power, axis=1))) == 3
    with pytest.raises(ValueError, match="n_latents 6 has 2 frequencies, n_dims 6 takes 3"):
        fourier_dictionary(KEY, n_dims=6, n_latents=6)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9])
def test_correlated_columns_have_that_mean_cosine(correlation):
    n_dims = 2000
    dictionary = correlated_dictionary(KEY, n_dims=n_dims, n_latents=40, correlation=correlation)
    np.testing.assert_allclose(np.linalg.norm(dictionary, axis=0), 1, rtol=1e-5)
    cosines = gram(dictionary)[np.triu_indices(40, 1)]
    # All cosines share |s|^2, whose relative standard error is sqrt(2 / M) = 0.032, and each has one of order
    # 1 / sqrt(M) of its own.
    assert abs(cosines.mean() - correlation) < 4 * 0.032 * correlation * (1 - correlation) + 4 / np.sqrt(n_dims * 780)
    assert cosines.std() < 2 / np.sqrt(n_dims)
