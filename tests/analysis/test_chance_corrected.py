"""Unrelated dictionaries and codes, corrected for chance: 0 within their interval at every size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from analysis.metrics import chance_corrected, mean_correlation, permuted_mean_correlation
from analysis.statistics import mean_interval

N_DRAWS = 40


@pytest.mark.parametrize(("n_latents", "n_samples"), [(8, 40), (16, 200)])
def test_unrelated_codes(n_latents, n_samples):
    def score(key):
        key_codes, key_chance = jax.random.split(key)
        truth, codes = jax.random.normal(key_codes, (2, n_samples, n_latents))
        by_chance = permuted_mean_correlation(key_chance, truth, codes, n_permutations=8)
        return mean_correlation(truth, codes).mcc, jnp.mean(by_chance)

    mcc, chance = map(np.asarray, jax.jit(jax.vmap(score))(jax.random.split(jax.random.key(4), N_DRAWS)))
    found = mean_interval(np.asarray(chance_corrected(jnp.asarray(mcc), jnp.asarray(chance))))
    assert found.low <= 0 <= found.high
    assert found.high - found.low < 0.1
