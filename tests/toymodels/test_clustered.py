"""Clusters and classes against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from toymodels.counter_key import counter_key
from toymodels.latents.clustered import SPREAD_RATIO, classes_of, clustered, sphere

P, C = 4000, 5.0
CENTRES = sphere(counter_key(jax.random.key(0)), n_samples=P, n_latents=3)
draw = jax.jit(lambda key, centres, **options: clustered(counter_key(key), centres, **options), static_argnames="shape")


def test_component_along_the_centre_has_the_closed_distribution():
    latents = np.asarray(draw(jax.random.key(1), CENTRES, concentration=C))
    np.testing.assert_allclose(np.linalg.norm(latents, axis=1), 1, rtol=1e-5)
    along = np.sum(latents * CENTRES, axis=1)
    # In three dimensions the density of the component t is proportional to exp(c t) (Archimedes).
    assert stats.kstest(along, lambda t: (np.exp(C * t) - np.exp(-C)) / (np.exp(C) - np.exp(-C))).pvalue > 1e-3
    # Across it every direction is as likely as any other: so are all turns about the centre.
    other = np.cross(CENTRES, np.roll(CENTRES, 1, axis=0))
    third = np.cross(CENTRES, other)
    angle = np.arctan2(np.sum(third * latents, axis=1), np.sum(other * latents, axis=1))
    assert stats.kstest(angle, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("shape", "cdf"), [("gaussian", stats.norm), ("laplace", stats.laplace(scale=2**-0.5))])
def test_noise_has_its_distribution_at_variance_one_over_c(shape, cdf):
    latents = np.asarray(draw(jax.random.key(2), CENTRES, concentration=C, shape=shape))
    assert stats.kstest(((latents - CENTRES) * C**0.5).ravel(), cdf.cdf).pvalue > 1e-3


def test_heteroscedastic_noise_is_wider_where_the_centre_is_positive():
    latents = np.asarray(draw(jax.random.key(3), CENTRES, concentration=C, shape="heteroscedastic"))
    noise, wide = np.asarray(latents - CENTRES), np.asarray(CENTRES) > 0
    # About 6,000 values each: a standard deviation's relative standard error is 1 / sqrt(12,000).
    assert noise[wide].std() / noise[~wide].std() == pytest.approx(SPREAD_RATIO, rel=6 / np.sqrt(12_000))
    assert noise.var() == pytest.approx(1 / C, rel=6 * 2 / np.sqrt(12_000))


def test_classes_follow_the_softmax_of_the_latents():
    centres = CENTRES[:5]
    latents = jnp.tile(CENTRES[7], (P, 1))
    labels = classes_of(counter_key(jax.random.key(4)), latents, centres, concentration=C, n_classes=4)
    expected = P * special.softmax(C * np.asarray(centres[:4], float) @ np.asarray(CENTRES[7], float))
    counts = np.bincount(labels, minlength=5)
    assert counts[4] == 0
    assert stats.chisquare(counts[:4], expected * (P / expected.sum())).pvalue > 1e-3


def test_unknown_shapes_are_refused():
    with pytest.raises(ValueError, match="shape must be one of von-mises-fisher"):
        clustered(jax.random.key(0), CENTRES, concentration=C, shape="cauchy")
