import jax
import numpy as np
from scipy import stats

from toymodels import gaussian_dictionary

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


def test_cosines_follow_the_uniform_distribution_on_the_sphere():
    n_dims = 10
    dictionary = np.asarray(gaussian_dictionary(KEY, n_dims=n_dims, n_latents=2000), np.float64)
    cosine = np.sum(dictionary[:, ::2] * dictionary[:, 1::2], axis=0)
    # (1 + cosine) / 2 of two independent uniform directions is Beta((n-1)/2, (n-1)/2).
    assert stats.kstest((1 + cosine) / 2, stats.beta((n_dims - 1) / 2, (n_dims - 1) / 2).cdf).pvalue > 1e-3
