import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from toymodels import Problem, bernoulli_uniform, gaussian_dictionary, observe

DICTIONARY = gaussian_dictionary(jax.random.key(0), n_dims=20, n_latents=30)
CODES = bernoulli_uniform(jax.random.key(1), n_samples=500, n_latents=30, density=0.2)
KEY = jax.random.key(2)


def test_observations_without_noise_are_the_mixed_codes():
    expected = np.asarray(CODES, np.float64) @ np.asarray(DICTIONARY, np.float64).T
    np.testing.assert_allclose(observe(KEY, DICTIONARY, CODES, 0.0), expected, atol=1e-5)


def test_noise_is_normal_and_scales_with_its_standard_deviation():
    clean = observe(KEY, DICTIONARY, CODES, 0.0)
    noise = np.asarray(observe(KEY, DICTIONARY, CODES, 0.5) - clean)
    assert stats.kstest(noise.ravel() / 0.5, "norm").pvalue > 1e-3
    # The same key draws the same noise at every level, up to the rounding of sums of order 10.
    np.testing.assert_allclose(observe(KEY, DICTIONARY, CODES, 1.0) - clean, 2 * noise, atol=1e-5)


def test_noise_level_is_traced_and_vmaps():
    levels = jnp.array([0.0, 0.1, 1.0])
    together = jax.jit(jax.vmap(lambda noise_std: observe(KEY, DICTIONARY, CODES, noise_std)))(levels)
    for level, observations in zip(levels, together, strict=True):
        np.testing.assert_allclose(observations, observe(KEY, DICTIONARY, CODES, level), atol=1e-5)


def test_problem_is_a_pytree_with_or_without_a_network():
    bare = Problem(dictionary=DICTIONARY, train_codes=CODES, eval_codes=CODES)
    assert len(jax.tree.leaves(bare)) == 3
    doubled = jax.tree.map(lambda leaf: 2 * leaf, bare)
    assert doubled.readout_bias is None
    np.testing.assert_array_equal(doubled.eval_codes, 2 * CODES)
