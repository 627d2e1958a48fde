"""Points, chunks and keys."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.keys import key_data, stack_key_data
from bench.points import plan, rows_per_world
from bench.spec import load_spec
from bench.studies import get_study

STUDY = get_study("donoho-tanner")


def _spec(*settings: str):
    return load_spec(STUDY, settings=["undersampling=.2,.5,.8", "n_latents=40,60", "trials=7", *settings])


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 7, 100])
def test_chunks_cover_every_world_once_and_hold_one_static_group(chunk_size):
    chunks = list(plan(STUDY, _spec(f"chunk_size={chunk_size}")))
    worlds = [(tuple(w.values.items()), w.trial) for chunk in chunks for w in chunk.worlds]
    assert len(worlds) == len(set(worlds)) == 2 * 3 * 7
    for chunk in chunks:
        assert len(chunk.worlds) <= chunk.capacity <= chunk_size
        assert all(w.values == chunk.static for w in chunk.worlds)
    assert len({chunk.name for chunk in chunks}) == len(chunks)


def test_the_plan_is_the_same_every_time_and_can_be_sent_to_a_worker():
    chunks = list(plan(STUDY, _spec()))
    assert chunks == list(plan(STUDY, _spec()))
    assert pickle.loads(pickle.dumps(chunks)) == chunks


def test_another_spec_has_other_chunk_names():
    names = {chunk.name for chunk in plan(STUDY, _spec())}
    assert names.isdisjoint(chunk.name for chunk in plan(STUDY, _spec("seed=1")))


def test_rows_per_world_counts_methods_and_measurements():
    spec = _spec("sparsity_ratio=.1,.2,.3", "code_sign=signed,nonnegative", "methods=amp")
    assert rows_per_world(STUDY, spec) == 6


values = st.dictionaries(st.text(max_size=5), st.one_of(st.integers(-9, 9), st.floats(-1, 1), st.text(max_size=3)))


@given(st.integers(0, 2**63 - 1), values, st.integers(0, 1000))
def test_keys_depend_on_values_and_not_on_their_order(seed, point, trial):
    backwards = dict(reversed(point.items()))
    assert np.array_equal(key_data(seed, point, trial), key_data(seed, backwards, trial))


def test_keys_differ_with_seed_value_and_trial():
    points = [({"density": d}, t) for d in (0.1, 0.2, 0.30000000000000004, 0.3) for t in range(100)]
    words = np.concatenate([stack_key_data(seed, points) for seed in (0, 1)])
    assert words.dtype == np.uint32
    assert len({tuple(w) for w in words}) == len(words)
