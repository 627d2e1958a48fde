"""Runs that are broken off."""

import gc
import os
import signal

import pytest

from bench.run import run_study
from bench.spec import load_spec
from bench.store import open_store
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
