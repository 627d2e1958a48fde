"""The k largest entries against sorting."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery.topk import keep_largest


def by_sorting(values, k):
    kept = np.zeros_like(values)
    for row, out in zip(values, kept, strict=True):
        best = np.argsort(-row)[:k]
        best = best[row[best] > 0]
        out[best] = row[best]
    return kept


@pytest.mark.parametrize("x64", [False, True])
@pytest.mark.parametrize("k", [0, 1, 3, 10, 40, 100])
def test_equals_sorting(k, x64):
    values = np.random.default_rng(0).standard_normal((50, 40)).astype(np.float64 if x64 else np.float32)
    with jax.enable_x64(x64):
        np.testing.assert_array_equal(keep_largest(jnp.asarray(values), k), by_sorting(values, k))


def test_k_may_be_traced():
    values = jnp.array([[3.0, 1.0, 2.0, -5.0]])
    kept = jax.vmap(lambda k: keep_largest(values, k))(jnp.arange(4))
    np.testing.assert_array_equal(kept[:, 0], [[0, 0, 0, 0], [3, 0, 0, 0], [3, 0, 2, 0], [3, 1, 2, 0]])


def test_never_more_than_k():
    values = jnp.array([[1.0, 1.0, 1.0, 0.5], [0.0, 0.0, 0.0, 0.0], [-1.0, -2.0, -3.0, -4.0]])
    np.testing.assert_array_equal(keep_largest(values, 2), 0)
    np.testing.assert_array_equal(keep_largest(values, 3)[0], [1, 1, 1, 0])


def test_gradient_passes_through_what_is_kept():
    values = jnp.array([[3.0, 1.0, 2.0, -5.0]])
    gradient = jax.grad(lambda v: jnp.sum(keep_largest(v, 2) ** 2))(values)
    np.testing.assert_array_equal(gradient, [[6, 0, 4, 0]])
