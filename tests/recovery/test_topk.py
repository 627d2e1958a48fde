"""The k largest entries against sorting."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery.topk import keep_largest, kth_threshold


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


@pytest.mark.parametrize("k", [1, 4, 9, 25])
def test_ties_are_dropped_together(k):
    """Integers, so that most rows have equal entries, at the threshold or elsewhere."""
    values = np.random.default_rng(1).integers(-20, 20, (60, 40)).astype(np.float32)
    larger = np.sum(values[:, None, :] >= values[:, :, None], axis=2)  # how many are at least as large, itself included
    expected = np.where((larger <= k) & (values > 0), values, 0)
    np.testing.assert_array_equal(keep_largest(jnp.asarray(values), k), expected)


def test_one_number_for_each_row():
    values = np.random.default_rng(2).standard_normal((30, 40)).astype(np.float32)
    k = np.arange(30)
    threshold = kth_threshold(jnp.asarray(values), jnp.asarray(k))
    np.testing.assert_array_equal(
        np.sum(values > threshold[:, None], axis=1), np.minimum(k, np.sum(values > 0, axis=1))
    )


def test_gradient_passes_through_what_is_kept():
    values = jnp.array([[3.0, 1.0, 2.0, -5.0]])
    gradient = jax.grad(lambda v: jnp.sum(keep_largest(v, 2) ** 2))(values)
    np.testing.assert_array_equal(gradient, [[6, 0, 4, 0]])
