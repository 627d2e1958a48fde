"""Many samples solved by blocks, and the largest entries of rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recovery import blocks
from recovery.coders import Admm, Fista, Homotopy, Omp, ReweightedL1, Sparsa
from recovery.iterate import Outcome, Verdict
from recovery.rows import largest_entry, row_norm, row_sum
from recovery.solution import Status

CODERS = {
    "omp": Omp(n_nonzero=3),
    "omp-told": Omp(n_nonzero=3, n_active=2),
    "omp-nonnegative": Omp(n_nonzero=4, nonnegative=True),
    "fista": Fista(penalty=0.05),
    "fista-cut-short": Fista(penalty=0.05, max_iterations=25),
    "sparsa": Sparsa(penalty=0.5),
    "admm": Admm(penalty=0.05),
    "homotopy": Homotopy(penalty=0.05),
    "reweighted-l1": ReweightedL1(penalty=0.05),
}


@pytest.mark.parametrize("coder", CODERS.values(), ids=CODERS.keys())
def test_blocks_solve_what_the_whole_does(coder, monkeypatch):
    """In float64, and SpaRSA on an easy problem: a last digit of its step lengths grows tenfold every few steps."""
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        dictionary = jnp.asarray(rng.standard_normal((8, 16)) / np.sqrt(8))
        observations = jnp.asarray(rng.standard_normal((25, 8)))
        whole = coder(dictionary, observations)
        monkeypatch.setattr(blocks, "LEAST", 6)
        monkeypatch.setattr(blocks, "BLOCK_CODES", 6)
        parted = coder(dictionary, observations)
    assert parted.codes.shape == (25, 16)
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(parted), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_samples_that_go_on_are_brought_together(monkeypatch):
    """Each sample counts up to a number of its own; blocks of 4, of which 3 samples fill up the last."""
    limits = jnp.asarray(np.random.default_rng(3).permutation(29) + 1)
    monkeypatch.setattr(blocks, "LEAST", 4)
    monkeypatch.setattr(blocks, "BLOCK_CODES", 4)
    rounds = []

    def step(count: jax.Array, limits: jax.Array) -> jax.Array:
        jax.debug.callback(lambda _: rounds.append(1), count)
        return count + 1

    def judge(count: jax.Array, limits: jax.Array) -> Verdict:
        return Verdict((limits - count).astype(jnp.float32), count >= limits)

    def run(most: int) -> tuple[np.ndarray, Outcome]:
        start = jnp.zeros(29, jnp.int32)
        return blocks.iterate_in_blocks(step, judge, start, limits, n_latents=1, max_iterations=most)

    count, outcome = run(40)
    np.testing.assert_array_equal(count, limits)
    np.testing.assert_array_equal(outcome.iterations, limits)
    np.testing.assert_array_equal(outcome.status, Status.CONVERGED)
    jax.effects_barrier()
    # A sample alone takes sum(limits) steps, 435: a fourth of it is the least, and as many as the slowest of each
    # of the eight blocks of 29 in a row, about 190 for this order, is what blocks that wait take.
    in_a_row = sum(int(limits[i : i + 4].max()) for i in range(0, 29, 4))
    assert 435 / 4 < len(rounds) < 0.85 * in_a_row

    count, outcome = run(10)
    np.testing.assert_array_equal(count, np.minimum(limits, 10))
    np.testing.assert_array_equal(outcome.status == Status.CONVERGED, limits <= 10)
    np.testing.assert_array_equal(outcome.iterations, np.minimum(limits, 10))


def test_one_number_of_atoms_a_sample(monkeypatch):
    rng = np.random.default_rng(1)
    dictionary = jnp.asarray(rng.standard_normal((8, 16)), jnp.float32)
    observations = jnp.asarray(rng.standard_normal((25, 8)), jnp.float32)
    wanted = jnp.asarray(rng.integers(1, 5, 25))
    monkeypatch.setattr(blocks, "LEAST", 6)
    monkeypatch.setattr(blocks, "BLOCK_CODES", 6)
    codes = Omp(n_nonzero=5, n_active=wanted)(dictionary, observations).codes
    np.testing.assert_array_equal(jnp.sum(codes != 0, axis=1), wanted)


def test_sums_of_rows():
    values = np.random.default_rng(4).standard_normal((3, 5, 1000)).astype(np.float32)
    np.testing.assert_allclose(row_sum(jnp.asarray(values)), values.sum(axis=-1, dtype=float), atol=1e-4)
    np.testing.assert_allclose(row_norm(jnp.asarray(values)), np.linalg.norm(values, axis=-1), rtol=1e-5)


def test_largest_entries():
    rows = np.random.default_rng(2).integers(0, 4, (50, 7)).astype(np.float32)
    rows[3, 4], rows[4] = np.nan, -np.inf
    place, largest = largest_entry(jnp.asarray(rows))
    kept = np.arange(50) != 3
    np.testing.assert_array_equal(place[kept], np.argmax(rows, axis=1)[kept])
    np.testing.assert_array_equal(largest[kept], rows.max(axis=1)[kept])
    assert place[3] == 0
    assert np.isnan(largest[3])
