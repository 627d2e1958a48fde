"""Planning, resuming, verifying, compacting and reporting a run of a million points, and the memory it takes.

Run as `python -m benchmarks.million_points`; no solver runs: shards are filled with made-up results of donoho-tanner.
Each step is a process of its own, so that its largest memory is its own; times include starting it.

    python -m benchmarks.million_points --rows 1000000 --folder /tmp/million
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.manifest import write_manifest
from bench.points import Chunk, measurement_points, plan
from bench.spec import load_spec
from bench.store import open_store, write_shard
from bench.studies import get_study
from bench.study import Spec
from recovery.solution import Status

STUDY = get_study("donoho-tanner")
_DELTAS, _RHOS, _WORLDS = 50, 50, 400


def spec_of(n_rows: int) -> Spec:
    """50 x 50 points, as many trials as make up the rows, 400 worlds a chunk."""
    deltas, rhos = np.linspace(0.1, 0.9, _DELTAS), np.linspace(0.02, 0.98, _RHOS)
    trials = max(1, round(n_rows / (_DELTAS * _RHOS)))
    settings = [
        "n_latents=200",
        "code_sign=signed",
        "methods=amp",
        f"trials={trials}",
        f"chunk_size={_WORLDS}",
        "undersampling=" + ",".join(f"{one:.4f}" for one in deltas),
        "sparsity_ratio=" + ",".join(f"{one:.4f}" for one in rhos),
    ]
    return load_spec(STUDY, settings=settings)


def made_up(spec: Spec, chunk: Chunk) -> pa.Table:
    """Rows that look as the study's do: errors small below a boundary that rises with delta, large above it."""
    rng = np.random.default_rng(chunk.index)
    ((_, points),) = measurement_points(STUDY, spec)
    n, each = len(chunk.worlds), len(points)
    rho = np.tile([float(one["sparsity_ratio"]) for one in points], n)
    delta = np.repeat([float(one.values["undersampling"]) for one in chunk.worlds], each)
    recovered = rng.random(n * each) < 1 / (1 + np.exp((rho - 0.1 - 0.5 * delta) / 0.02))
    return pa.table(
        {
            "n_latents": np.full(n * each, 200),
            "undersampling": delta,
            "code_sign": pa.array(["signed"] * (n * each)),
            "sparsity_ratio": rho,
            "trial": np.repeat([one.trial for one in chunk.worlds], each),
            "method": pa.array(["amp"] * (n * each)),
            "n_dims": np.maximum(1, np.round(delta * 200)).astype(np.int32),
            "n_active": np.maximum(1, np.round(rho * delta * 200)).astype(np.int32),
            "relative_error": np.where(recovered, 1e-6, 0.5) * (1 + rng.random(n * each)),
            "status": np.full(n * each, int(Status.CONVERGED), np.int32),
            "iterations": rng.integers(20, 200, n * each).astype(np.int32),
            "residual": 1e-7 * rng.random(n * each),
            "certificate": np.full(n * each, np.nan),
        }
    )


def fill(spec: Spec, folder: Path) -> int:
    """Write all shards and the manifest; returns the rows."""
    store = open_store(folder, spec)
    sums, n_rows = {}, 0
    for chunk in plan(STUDY, spec):
        rows = made_up(spec, chunk)
        sums[chunk.name] = write_shard(store, spec, chunk, rows)
        n_rows += rows.num_rows
    write_manifest(store, spec, [], sums)
    return n_rows


def step(name: str, *arguments: str) -> None:
    """Time a command, with the largest memory of the processes that have ended."""
    start = time.perf_counter()
    code = (
        "import resource, sys; from bench.cli import main\n"
        "try: main()\n"
        "finally: print('kilobytes', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    memory = int(done.stderr.split()[-1]) / 2**20
    print(f"{name:28}{seconds:8.1f} s{memory:8.2f} GiB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="(default 1,000,000)")
    parser.add_argument("--folder", type=Path, help="kept; default: a temporary one")
    given = parser.parse_args()
    spec = spec_of(given.rows)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "million"
        start = time.perf_counter()
        chunks = list(plan(STUDY, spec))
        print(f"{'planning':28}{time.perf_counter() - start:8.1f} s  {len(chunks)} chunks")
        n_rows = fill(spec, folder)
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 2**20
        print(f"{n_rows} rows in {size:.0f} MiB of shards; filling them took {own:.2f} GiB")
        step("verify", "verify", str(folder))
        step("report", "report", str(folder))
        step("resume, and report", "run", str(folder))
        step("compact", "compact", str(folder))
        step("report, compacted", "report", str(folder))


if __name__ == "__main__":
    main()
