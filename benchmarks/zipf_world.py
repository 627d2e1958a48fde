"""Sparse autoencoders and two classical learners where latents fire by Zipf's law.

Run as `python -m benchmarks.zipf_world`; some minutes a seed on two cores.

The world: N = 512 latents in M = 64 dimensions, random unit columns. Latent i is on, independently, with a density that
falls by Zipf's law from .1 (the most frequent) to .005 (the rarest), its value then N(1, .2) cut at 0; no noise. The
densities sum to 3.1, the mean number active.

Every autoencoder sees 2 million samples, drawn as they are needed, in batches of 1,024, and is told 3 active but for
ReLU + L1, which is told 12, and matching pursuit, which takes up to 8 and stops where 30% of the norm is left; all else
is left at the classes' defaults. Those were settled on dictionaries of seeds 100
and 101, which are not among those reported. `--learning-rate` sets another rate. The classical learners see a fortieth
of the samples, which fits into memory.

MCC is the mean |cosine| of true and learned atoms under the best permutation; chance is that of an unrelated random
dictionary. F1 compares the support of the learner's own codes on 8,192 fresh samples with the truth, matched by that
permutation: once with all codes that are not 0, once with those above half the mean magnitude when on, scaled by least
squares. "Read" is the same as the latter with codes that `Omp` finds with the learned dictionary, told 8 at most and
that there is no noise: what the dictionary is worth apart from its encoder. Each seed draws a dictionary, samples and
the learner's randomness; intervals are Student's t over seeds, at 95%. Samples per second are those of the training,
sampling included and compilation left out (but for the classical learners): of wall time, and of processor time on two
cores, which other load on the machine changes less.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pandas as pd
from jaxtyping import Array, Float, PRNGKeyArray

from analysis.metrics import align, dictionary_similarity, support_scores
from analysis.statistics.intervals import mean_interval
from bench.compare.contests.autoencoder import (
    BATCH,
    HIGHEST,
    LOWEST,
    N_ACTIVE,
    N_DIMS,
    N_LATENTS,
    codes_of,
    dictionary_of,
)
from recovery.coders import Omp
from recovery.learner import DictionaryLearner, Fit
from recovery.learners import (
    AlternatingMod,
    BatchTopKSae,
    BilinearAmp,
    GatedSae,
    JumpReluSae,
    MatchingPursuitSae,
    MatryoshkaSae,
    ReluSae,
    TopKSae,
    UnrelatedDictionary,
)
from recovery.learners.autoencoders.training import Autoencoder
from toymodels.latents import zipf_densities

N_FRESH, N_ACTIVE_RELU = 8192, 12
PURSUIT_STEPS, PURSUIT_TOLERANCE = 8, 0.3
_HALF = 0.5


def draw(dictionary: Float[Array, "n_dims n_latents"], key: PRNGKeyArray) -> Float[Array, "batch n_dims"]:
    return codes_of(key, BATCH) @ dictionary.T


def autoencoders(n_steps: int) -> dict[str, Autoencoder]:
    return {
        "ReLU + L1, 12 active": ReluSae(N_ACTIVE_RELU, n_steps=n_steps),
        "TopK": TopKSae(N_ACTIVE, n_steps=n_steps),
        "BatchTopK": BatchTopKSae(N_ACTIVE, n_steps=n_steps),
        "JumpReLU": JumpReluSae(N_ACTIVE, n_steps=n_steps),
        "gated": GatedSae(N_ACTIVE, n_steps=n_steps),
        "matching pursuit": MatchingPursuitSae(
            PURSUIT_STEPS, n_steps=n_steps, n_nonzero=PURSUIT_STEPS, tolerance=PURSUIT_TOLERANCE
        ),
        "Matryoshka": MatryoshkaSae(N_ACTIVE, n_steps=n_steps),
    }


class World(NamedTuple):
    dictionary: Float[Array, "n_dims n_latents"]
    key_train: PRNGKeyArray
    key_data: PRNGKeyArray
    key_fresh: PRNGKeyArray


@jax.jit
def world_of(key: PRNGKeyArray) -> World:
    key_atoms, *others = jax.random.split(key, 4)
    return World(dictionary_of(key_atoms), *others)


@partial(jax.jit, static_argnums=2)
def observe(dictionary: Array, key: PRNGKeyArray, n_samples: int) -> Float[Array, "n_samples n_dims"]:
    return codes_of(key, n_samples) @ dictionary.T


@jax.jit
def train(learner: Autoencoder, dictionary: Array, key: PRNGKeyArray) -> Fit:
    return learner.fit_stream(jax.tree_util.Partial(draw, dictionary), n_atoms=N_LATENTS, key=key)


@jax.jit
def fit(learner: DictionaryLearner, observations: Array, key: PRNGKeyArray) -> Fit:
    return learner.fit(observations, n_atoms=N_LATENTS, key=key)


class Scores(NamedTuple):
    mcc: Array
    f1: Array
    f1_half: Array
    f1_read: Array
    n_active: Array


@jax.jit
def measure(dictionary: Array, fitted: Fit, key: PRNGKeyArray) -> Scores:
    truth = codes_of(key, N_FRESH)
    observations = truth @ dictionary.T
    similarity = dictionary_similarity(dictionary, fitted.dictionary)
    reader = Omp(n_nonzero=8, n_active=8, nonnegative=True, tolerance=1e-2)
    own, read = (
        align(truth, coder(fitted.dictionary, observations).codes, similarity.assignment)
        for coder in (fitted.encoder, reader)
    )
    return Scores(
        similarity.matched_cosine,
        support_scores(truth, own, threshold=0).f1,
        support_scores(truth, own, threshold=_HALF).f1,
        support_scores(truth, read, threshold=_HALF).f1,
        jnp.mean(jnp.sum(own != 0, axis=1).astype(own.dtype)),
    )


def timed(function: Callable[..., Fit], *arguments: Any) -> tuple[Fit, float, float]:
    """The fit, and the wall and processor seconds it took."""
    wall, processor = time.perf_counter(), time.process_time()
    fitted = jax.block_until_ready(function(*arguments))
    return fitted, time.perf_counter() - wall, time.process_time() - processor


def learn(learner: Any, world: World, n_samples: int) -> tuple[Fit, float, float]:
    if isinstance(learner, Autoencoder):
        compiled = train.lower(learner, world.dictionary, world.key_train).compile()
        return timed(compiled, learner, world.dictionary, world.key_train)
    observations = observe(world.dictionary, world.key_data, n_samples)
    return timed(fit, learner, observations, world.key_train)


def run(
    seeds: range,
    n_samples: int,
    n_classical: int,
    *,
    only: list[str] | None = None,
    learning_rate: float | None = None,
    csv: Path | None = None,
) -> pd.DataFrame:
    """One row for each seed and learner, or those named `only`; prints them, and writes them to `csv`, as they come."""
    columns = ["seed", "learner", *Scores._fields, "samples", "seconds", "processor_seconds", "status"]
    rows = []
    learners: dict[str, tuple[Any, int]] = {"unrelated": (UnrelatedDictionary(), 1)}
    for name, learner in autoencoders(n_samples // BATCH).items():
        chosen = learner if learning_rate is None else replace(learner, learning_rate=learning_rate)
        learners[name] = chosen, n_samples // BATCH * BATCH
    if n_classical:
        learners["alternating MOD"] = AlternatingMod(), n_classical
        # Told the mean density, and wrongly that all latents fire alike and that their values are uniform.
        density = float(zipf_densities(N_LATENTS, highest=HIGHEST, lowest=LOWEST).mean())
        learners["bilinear AMP"] = BilinearAmp(density=density), n_classical
    learners = {name: learner for name, learner in learners.items() if only is None or name in only}
    for seed in seeds:
        world = world_of(jax.random.key(seed))
        for name, (learner, n) in learners.items():
            fitted, wall, processor = learn(learner, world, n)
            scores = [round(float(score), 5) for score in measure(world.dictionary, fitted, world.key_fresh)]
            rows.append((seed, name, *scores, n, round(wall, 2), round(processor, 2), int(fitted.status)))
            print(*rows[-1], flush=True)
            if csv:
                pd.DataFrame(rows, columns=pd.Index(columns)).to_csv(csv, index=False)
    return pd.DataFrame(rows, columns=pd.Index(columns))


def table(results: pd.DataFrame) -> str:
    lines = [f"{'learner':<22}{'MCC':<24}{'F1':<24}above half  read    active  samples/s: wall    processor"]
    for name, rows in results.groupby("learner", sort=False):
        mcc, f1 = mean_interval(rows["mcc"]), mean_interval(rows["f1"])
        wall, processor = rows["samples"] / rows["seconds"], rows["samples"] / (rows["processor_seconds"] / 2)
        lines.append(
            f"{name:<22}{mcc.estimate:.3f} [{mcc.low:.3f}, {mcc.high:.3f}]    "
            f"{f1.estimate:.3f} [{f1.low:.3f}, {f1.high:.3f}]    {rows['f1_half'].mean():<12.3f}"
            f"{rows['f1_read'].mean():<8.3f}{rows['n_active'].mean():<8.2f}{wall.median():<19,.0f}{processor.median():,.0f}"
        )
    return "\n".join(lines)


def sampling_rate(n_batches: int = 200) -> float:
    """Latents drawn per second, in samples."""
    sample = jax.jit(lambda key: codes_of(key, BATCH))
    keys = list(jax.random.split(jax.random.key(0), n_batches))
    sample(keys[0]).block_until_ready()
    start = time.perf_counter()
    for key in keys:
        sample(key).block_until_ready()
    return n_batches * BATCH / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="dictionaries drawn (default 5)")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them (default 0)")
    parser.add_argument("--samples", type=int, default=2_000_000, help="that an autoencoder sees (default 2,000,000)")
    parser.add_argument(
        "--classical", type=int, default=50_000, help="that alternating MOD and bilinear message passing see; 0: none"
    )
    parser.add_argument("--learning-rate", type=float, help="of the autoencoders (default: the classes')")
    names = ["unrelated", *autoencoders(1), "alternating MOD", "bilinear AMP"]
    parser.add_argument("--only", nargs="+", choices=names, metavar="LEARNER", help=f"of {', '.join(names)}")
    parser.add_argument("--csv", type=Path, help="where to write one row per seed and learner")
    given = parser.parse_args()
    total = zipf_densities(N_LATENTS, highest=HIGHEST, lowest=LOWEST).sum()
    rate = sampling_rate()
    print(f"N={N_LATENTS} M={N_DIMS}, {total:.2f} active on average; latents drawn: {rate:,.0f} samples/s")
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    if given.csv:
        given.csv.parent.mkdir(parents=True, exist_ok=True)
    options = {"only": given.only, "learning_rate": given.learning_rate, "csv": given.csv}
    print(table(run(seeds, given.samples, given.classical, **options)))


if __name__ == "__main__":
    main()
