"""Many samples solved by blocks, and the largest entries of rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery import blocks
from recovery.coders import Fista, Omp
from recovery.largest import largest_entry


@pytest.mark.parametrize(
    "coder",
    [Omp(n_nonzero=3), Omp(n_nonzero=3, n_active=2), Omp(n_nonzero=4, nonnegative=True), Fista(penalty=0.05)],
    ids=["omp", "omp-told", "omp-nonnegative", "fista"],
)
def test_blocks_solve_what_the_whole_does(coder, monkeypatch):
    rng = np.random.default_rng(0)
    dictionary = jnp.asarray(rng.standard_normal((8, 16)) / np.sqrt(8), jnp.float32)
    observations = jnp.asarray(rng.standard_normal((25, 8)), jnp.float32)
    whole = coder(dictionary, observations)
    monkeypatch.setattr(blocks, "LEAST", 6)
    monkeypatch.setattr(blocks, "BLOCK_CODES", 6)
    parted = coder(dictionary, observations)
    assert parted.codes.shape == (25, 16)
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(parted), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_one_number_of_atoms_a_sample(monkeypatch):
    rng = np.random.default_rng(1)
    dictionary = jnp.asarray(rng.standard_normal((8, 16)), jnp.float32)
    observations = jnp.asarray(rng.standard_normal((25, 8)), jnp.float32)
    wanted = jnp.asarray(rng.integers(1, 5, 25))
    monkeypatch.setattr(blocks, "LEAST", 6)
    monkeypatch.setattr(blocks, "BLOCK_CODES", 6)
    codes = Omp(n_nonzero=5, n_active=wanted)(dictionary, observations).codes
    np.testing.assert_array_equal(jnp.sum(codes != 0, axis=1), wanted)


def test_largest_entries():
    rows = np.random.default_rng(2).integers(0, 4, (50, 7)).astype(np.float32)
    rows[3, 4], rows[4] = np.nan, -np.inf
    place, largest = largest_entry(jnp.asarray(rows))
    kept = np.arange(50) != 3
    np.testing.assert_array_equal(place[kept], np.argmax(rows, axis=1)[kept])
    np.testing.assert_array_equal(largest[kept], rows.max(axis=1)[kept])
    assert place[3] == 0
    assert np.isnan(largest[3])
