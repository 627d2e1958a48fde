"""Compiled programs: each shape once, and no more than a process can hold."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bench import programs
from bench.programs import Program, forget_programs


def counted():
    """A program, and the list that grows with each tracing of it."""
    traces = []

    def double(x):
        traces.append(x.shape)
        return 2 * x

    return Program(jax.jit(double)), traces


def test_a_shape_is_compiled_once():
    program, traces = counted()
    for shape in ((3,), (3,), (4,), (3,)):
        result, seconds = program.timed(np.ones(shape, np.float32))
        np.testing.assert_array_equal(result, 2)
        assert set(seconds) == {"compile_seconds", "run_seconds"}
    assert traces == [(3,), (4,)]


def test_where_mappings_run_out_programs_are_forgotten_and_made_again(monkeypatch):
    first, traces = counted()
    second, _ = counted()
    first.timed(np.ones(3, np.float32))
    monkeypatch.setattr(programs, "_most_mappings", lambda: 1)
    second.timed(np.ones(3, np.float32))
    result, _ = first.timed(np.ones(3, np.float32))
    np.testing.assert_array_equal(result, 2)
    assert traces == [(3,), (3,)]


def test_a_system_that_does_not_say_is_not_crowded(monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "_MAPPINGS", tmp_path / "maps")
    monkeypatch.setattr(programs, "_MOST_MAPPINGS", tmp_path / "max_map_count")
    assert programs.mappings() == 0 < programs._most_mappings()


@pytest.mark.skipif(not programs._MAPPINGS.exists(), reason="only Linux counts mappings")
def test_forgotten_programs_give_their_mappings_back():
    def many_kernels(x):
        for i in range(40):
            x = jnp.sort(jnp.sin(x) + i, axis=i % 2)
        return x

    program = Program(jax.jit(many_kernels))
    before = programs.mappings()
    program.timed(np.ones((3, 5), np.float32))
    held = programs.mappings() - before
    forget_programs()
    assert held > 20
    assert programs.mappings() < before + held / 2
