"""Runs that are broken off."""

import gc
import os
import signal

import pandas as pd
import pytest

from bench import run
from bench.errors import UserError
from bench.evaluate import evaluate_chunk
from bench.points import plan
from bench.run import run_study
from bench.spec import load_spec
from bench.store import open_store, read_rows
from bench.studies import get_study

STUDY = get_study("donoho-tanner")
SMALL = ["n_latents=20", "undersampling=.5", "sparsity_ratio=.2,.4", "trials=4", "chunk_size=2", "methods=amp"]


class Interrupting:
    """Computes chunks in their order; Ctrl-C arrives in a callback of the garbage collector, before the first."""

    def run(self, work, tasks):
        first, *others = tasks

        def press(phase, info):
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):  # until the interpreter has noticed
                pass

        gc.callbacks.append(press)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(press)
        yield work(first)
        yield from map(work, others)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_drops_still_ends_the_run(tmp_path):
    spec = load_spec(STUDY, settings=SMALL)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_study(STUDY, spec, tmp_path / "out", executor=Interrupting())
    assert signal.getsignal(signal.SIGINT) is before
    assert len(list((tmp_path / "out" / "shards").glob("*.parquet"))) == 1
    run_study(STUDY, spec, tmp_path / "out")
    assert len(list(open_store(tmp_path / "out", spec).shards.glob("*.parquet"))) > 1


def _only_so_many(monkeypatch, most):
    """Memory suffices for `most` worlds at once."""

    def limited(spec, chunk):
        if chunk.capacity > most:
            raise MemoryError
        return evaluate_chunk(spec, chunk)

    monkeypatch.setattr(run, "evaluate_chunk", limited)


def test_a_chunk_that_needs_too_much_memory_is_computed_in_parts(tmp_path, monkeypatch, capsys):
    # Both signs are compiled apart, so that rows of the halves lie between each other.
    settings = [*SMALL, "chunk_size=4", "trials=5", "code_sign=signed,nonnegative"]
    spec = load_spec(STUDY, settings=settings)
    run_study(STUDY, spec, tmp_path / "whole")
    _only_so_many(monkeypatch, 2)
    run_study(STUDY, spec, tmp_path / "parts")
    said = capsys.readouterr().err
    assert "out of memory with 3 worlds at once; computed in 2 parts" in said
    whole, parts = (
        read_rows(open_store(tmp_path / one, spec), STUDY, spec, plan(STUDY, spec))[0].to_pandas()
        for one in ("whole", "parts")
    )
    # Batches of another size may round the last digits differently.
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-5, atol=1e-7)


def test_one_world_that_needs_too_much_memory_is_named(tmp_path, monkeypatch):
    _only_so_many(monkeypatch, 0)
    with pytest.raises(UserError, match=r"out of memory at .*undersampling 0.5.*, with one world at a time"):
        run_study(STUDY, load_spec(STUDY, settings=SMALL), tmp_path / "out")
