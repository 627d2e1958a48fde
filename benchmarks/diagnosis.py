"""Calibration of `superposed diagnose` on synthetic worlds with known truth, and its test on 60 others, 20 larger.

Every world is diagnosed without its truth, and then judged with it: recovery is the MCC of the codes of 2000 fresh
samples, by the dictionary that the diagnosis chose, with latents that were missed counting as 0. Worlds differ in N, M,
K, P, noise, sign and amplitudes; some have nothing to find (normal codes), too many active latents, or too few samples.

    python -m benchmarks.diagnosis measure    # adds worlds to the table; goes on where it was stopped (about an hour)
    python -m benchmarks.diagnosis larger     # adds 20 worlds of more dimensions and samples, to judge by alone
    python -m benchmarks.diagnosis fit        # calibration.json from the table, and the scores on held-out worlds
"""

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pandas as pd

from bench.diagnosis import programs
from bench.diagnosis.calibration import CALIBRATION_FILE, fit_calibration, scores_of, write_calibration
from bench.diagnosis.measure import MOST_ACTIVE, RATIOS, Measurement, measure
from bench.diagnosis.statistics import n_atoms_of, statistics_of
from bench.diagnosis.worlds import World, draw_spec, make_world

TABLE = Path(__file__).parent.parent / "results" / "diagnosis" / "worlds.csv"
N_HELD_OUT = 40
N_LARGER = 20
HELD_OUT, LARGER = 2, 3


def judge(world: World, found: Measurement) -> float:
    """MCC of fresh codes with the truth."""
    n_dims = found.n_dims
    widest = max(round(max(RATIOS) * n_dims), world.codes.shape[1])
    estimate = programs.code(
        programs.padded(jnp.asarray(found.dictionary), widest),
        world.fresh,
        jnp.float32(found.stop),
        most_active=max(2, min(n_dims // 2, MOST_ACTIVE)),
        nonnegative=found.nonnegative,
    )
    return float(programs.recovery_score(programs.padded(world.codes, widest), estimate))


def row(stream: int, index: int) -> dict[str, Any]:
    """World `index` of a stream (0, 1: to fit; 2: held out; 3: held out and larger): what it is, what is measured, and
    the truth."""
    rng = np.random.default_rng([2026, stream, index])
    spec = draw_spec(rng, int(rng.integers(2**31)), larger=stream == LARGER)
    world = make_world(spec)
    start = time.perf_counter()
    found, _ = measure(world.observations, seed=index)
    return {
        "held_out": int(stream in (HELD_OUT, LARGER)),
        "stream": stream,
        "index": index,
        **msgspec.structs.asdict(spec),
        "noise_std": world.noise_std,
        **statistics_of(found),
        "found_atoms": n_atoms_of(found),
        "found_active": found.n_active,
        "found_noise": found.noise_std,
        "found_nonnegative": int(found.nonnegative),
        "size": found.size.n_atoms,
        "recovery": judge(world, found),
        "seconds": time.perf_counter() - start,
    }


def in_turns(n_worlds: int) -> list[tuple[int, int]]:
    """Training and held-out worlds by turns, so that any prefix can be fitted."""
    wanted = [(0, index) for index in range(n_worlds // 2)]
    every = max(1, n_worlds // 2 // N_HELD_OUT)
    for index in range(N_HELD_OUT):
        wanted.insert((every + 1) * index + every, (HELD_OUT, index))
    return wanted + [(1, index) for index in range(n_worlds - n_worlds // 2)]


def measure_worlds(table: Path, wanted: list[tuple[int, int]]) -> None:
    """Append the rows that are missing."""
    table.parent.mkdir(parents=True, exist_ok=True)
    done = set()
    if table.exists():
        known = pd.read_csv(table)
        done = set(zip(known["stream"], known["index"], strict=True))
    for stream, index in wanted:
        if (stream, index) in done:
            continue
        result = row(stream, index)
        fresh = not table.exists()
        with table.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(result))
            if fresh:
                writer.writeheader()
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in result.items()})
        print(
            f"{'held out' if result['held_out'] else 'training'} {index}: {result['kind']} M={result['n_dims']} "
            f"N={result['n_latents']} K={result['n_active']:.1f} P={result['n_samples']} recovery "
            f"{result['recovery']:.2f} ({result['seconds']:.0f} s)",
            flush=True,
        )


def fit(table: Path) -> None:
    """Write the calibration and print how it does on held-out worlds."""
    rows = pd.read_csv(table)
    calibration = fit_calibration(
        rows[rows["held_out"] == 0], rows[rows["stream"] == HELD_OUT], larger=rows[rows["stream"] == LARGER]
    )
    write_calibration(calibration)
    print(f"{calibration.n_worlds} worlds to fit; wrote {CALIBRATION_FILE}")
    for what, worlds in (("held out", calibration.held_out), ("larger", calibration.larger)):
        print(f"{len(worlds)} worlds {what}:")
        for line in scores_of(worlds).lines() if worlds else []:
            print(f"  {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("step", choices=["measure", "larger", "fit"])
    parser.add_argument("--worlds", type=int, default=160, help="to fit the calibration to (default 160)")
    parser.add_argument("--table", type=Path, default=TABLE, help="CSV of measured worlds")
    given = parser.parse_args()
    if given.step != "fit":
        # Worlds share shapes: what one has compiled the others need not, and neither need a run that goes on.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
        larger = [(LARGER, index) for index in range(N_LARGER)]
        measure_worlds(given.table, in_turns(given.worlds) if given.step == "measure" else larger)
    else:
        fit(given.table)


if __name__ == "__main__":
    main()
