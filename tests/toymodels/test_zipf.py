"""Latents that fire by Zipf's law: densities, independence and magnitudes."""

import jax
import numpy as np
import pytest
from scipy import stats

from toymodels.latents import zipf, zipf_densities

N_LATENTS, N_SAMPLES = 6, 40_000
WORLD = {"n_latents": N_LATENTS, "highest": 0.5, "lowest": 0.02}


@pytest.fixture(scope="module")
def codes():
    return np.asarray(jax.jit(lambda key: zipf(key, n_samples=N_SAMPLES, **WORLD))(jax.random.key(1)))


def test_densities_follow_the_law():
    densities = zipf_densities(512, highest=0.1, lowest=0.005)
    np.testing.assert_allclose(densities[[0, -1]], [0.1, 0.005])
    # Differences from the last fall as 1/i - 1/N.
    np.testing.assert_allclose((densities[1] - 0.005) / 0.095, (1 / 2 - 1 / 512) / (1 - 1 / 512))
    np.testing.assert_allclose(densities.sum(), 3.11365, rtol=1e-5)
    np.testing.assert_array_equal(zipf_densities(1, highest=0.1, lowest=0.05), [0.1])


def test_supports_are_independent_with_these_densities(codes):
    """Every one of the 64 supports as often as it should be, by a chi-squared test."""
    words = (codes > 0) @ (2 ** np.arange(N_LATENTS))
    bits = (np.arange(64)[:, None] >> np.arange(N_LATENTS)) & 1
    densities = zipf_densities(**WORLD)
    expected = N_SAMPLES * np.prod(np.where(bits, densities, 1 - densities), axis=1)
    counts = np.bincount(words, minlength=64)
    often = expected > 5
    seen, wanted = (np.append(x[often], x[~often].sum()) for x in (counts, expected))
    assert stats.chisquare(seen, wanted).pvalue > 1e-3


def test_magnitudes(codes):
    active = codes[codes > 0]
    assert stats.kstest(active, stats.norm(1, 0.2).cdf).pvalue > 1e-3
    wide = np.asarray(zipf(jax.random.key(2), n_samples=5000, mean=0.0, std=1.0, **WORLD))
    assert wide.min() == 0
    # Half of what is active is cut at 0; four standard errors.
    total = 5000 * zipf_densities(**WORLD).sum()
    assert abs(np.sum(wide > 0) - total / 2) < 4 * np.sqrt(total / 2)


def test_wrong_densities():
    for highest, lowest in ((0.1, 0.2), (1.0, 0.5), (0.1, 0.0)):
        with pytest.raises(ValueError, match="0 < lowest <= highest < 1"):
            zipf_densities(4, highest=highest, lowest=lowest)
