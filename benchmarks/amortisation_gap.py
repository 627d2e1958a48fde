"""The amortisation gap: trained encoders against sparse coding per sample, at equal data.

Run as `python -m benchmarks.amortisation_gap`; about a minute on one core.

The world of O'Neill, Gumran & Klindt 2025 (arXiv 2411.13117): N = 16 latents of which K = 3 are active in each sample,
their values |N(0, 1)|, observed without noise in M = 8 dimensions; 1,024 samples to train on, 1,024 fresh ones to be
judged on. Encoders are told the training codes ("known sparse codes" there), and LISTA and the ReLU layer also start
from the dictionary; sparse coding is told the dictionary and needs no training. Atoms have unit norm. Each seed draws
a dictionary, samples and the trainers' randomness; intervals are Student's t over seeds, at 95%.

With `--distil` nothing is told: a dictionary is learned from the observations alone (alternating MOD, the best of some
starts by its objective), FISTA with it finds the training codes, and encoders are trained on those, as on the true ones
before; "FISTA" then has the learned dictionary too. What this loses beside the first table is the dictionary's share,
what encoders lose beside FISTA of the same table is the amortisation gap.

Multiply-adds are counted from the shapes: matrix products alone, and for sparse coding the mean number of steps times
2 M N, its stopping test included; what is computed once for a dictionary is left out.
"""

import argparse
from typing import NamedTuple

import jax
import jax.numpy as jnp
import pandas as pd
from jaxtyping import Array, Float, PRNGKeyArray

from analysis.metrics import dictionary_similarity, mean_correlation, nmse
from analysis.statistics.intervals import mean_interval
from recovery.amortised import LinearProbe, Lista, MlpEncoder, ReluEncoder
from recovery.coder import SparseCoder
from recovery.coders import Fista
from recovery.learner import CoderTrainer
from recovery.learners import AlternatingMod
from toymodels.latents import exact_k

N_LATENTS, N_DIMS, N_ACTIVE, N_SAMPLES = 16, 8, 3, 1024
_STARTS, _PENALTY = 20, 0.01
_CHECK_EVERY = 10  # FISTA's stopping test takes as much as a step, in every tenth


class World(NamedTuple):
    """What methods are told, samples to train on, and fresh ones to be judged on."""

    dictionary: Float[Array, "n_dims n_latents"]
    observations: Float[Array, "n_samples n_dims"]
    codes: Float[Array, "n_samples n_latents"]
    fresh: Float[Array, "n_samples n_dims"]
    fresh_codes: Float[Array, "n_samples n_latents"]


def world_of(key: PRNGKeyArray) -> World:
    key_atoms, key_train, key_fresh = jax.random.split(key, 3)
    atoms = jax.random.normal(key_atoms, (N_DIMS, N_LATENTS))
    dictionary = atoms / jnp.linalg.norm(atoms, axis=0)[None, :]
    codes, fresh_codes = (
        exact_k(k, n_samples=N_SAMPLES, n_latents=N_LATENTS, n_active=N_ACTIVE, nonnegative=True)
        for k in (key_train, key_fresh)
    )
    return World(dictionary, codes @ dictionary.T, codes, fresh_codes @ dictionary.T, fresh_codes)


@jax.jit
def distilled(world: World, key: PRNGKeyArray) -> tuple[World, Float[Array, ""]]:
    """The world with a learned dictionary and codes found with it in place of the true ones, and its matched cosine.

    Atoms are put into the order of the true ones, so that errors of codes can be told.
    """
    learned = AlternatingMod(n_rounds=200, n_restarts=_STARTS).fit(world.observations, n_atoms=N_LATENTS, key=key)
    similarity = dictionary_similarity(world.dictionary, learned.dictionary)
    dictionary = learned.dictionary[:, similarity.assignment]
    codes = Fista(penalty_fraction=_PENALTY, nonnegative=True)(dictionary, world.observations).codes
    return world._replace(dictionary=dictionary, codes=codes), similarity.matched_cosine


def trainers(n_steps: int) -> dict[str, tuple[CoderTrainer, int]]:
    """Each encoder with its multiply-adds per sample; the MLPs have the paper's widths."""
    first, lateral = N_DIMS * N_LATENTS, N_LATENTS**2
    made: dict[str, tuple[CoderTrainer, int]] = {
        "linear probe": (LinearProbe(nonnegative=True), first),
        "one ReLU layer": (ReluEncoder(nonnegative=True, n_steps=n_steps), first),
    }
    for width in (32, 256):
        mlp = MlpEncoder(width=width, nonnegative=True, n_steps=n_steps)
        made[f"MLP, {width} hidden"] = (mlp, width * (N_DIMS + N_LATENTS))
    for n_layers in (4, 8, 16):
        lista = Lista(n_layers=n_layers, nonnegative=True, n_steps=n_steps)
        made[f"LISTA, {n_layers} layers"] = (lista, first + (n_layers - 1) * lateral)
    return made


def solvers() -> dict[str, Fista]:
    """The lasso at fractions of each sample's lambda_max, to the end or cut short."""
    return {
        "FISTA, 10 steps": Fista(penalty_fraction=0.01, nonnegative=True, max_iterations=10),
        "FISTA, 20 steps": Fista(penalty_fraction=0.01, nonnegative=True, max_iterations=20),
        "FISTA, penalty .1": Fista(penalty_fraction=0.1, nonnegative=True),
        "FISTA, penalty .01": Fista(penalty_fraction=0.01, nonnegative=True),
        "FISTA, penalty .001": Fista(penalty_fraction=0.001, nonnegative=True),
    }


@jax.jit
def train(trainer: CoderTrainer, world: World, key: PRNGKeyArray) -> SparseCoder:
    return trainer.train(world.dictionary, world.observations, world.codes, key=key).encoder


@jax.jit
def measure(coder: SparseCoder, world: World) -> tuple[Array, Array, Array]:
    """MCC, NMSE and mean number of iterations on the fresh samples."""
    solution = coder(world.dictionary, world.fresh)
    score = mean_correlation(world.fresh_codes, solution.codes).mcc
    return score, nmse(world.fresh_codes, solution.codes), jnp.mean(solution.iterations.astype(score.dtype))


def run(n_seeds: int, n_steps: int, *, distil: bool) -> pd.DataFrame:
    """One row for each seed and method."""
    rows = []
    for seed in range(n_seeds):
        key_world, key_train = jax.random.split(jax.random.key(seed))
        world = world_of(key_world)
        if distil:
            world, cosine = distilled(world, jax.random.fold_in(key_train, 1))
            print(
                f"seed {seed}: learned atoms have a mean |cosine| of {float(cosine):.3f} with the true ones", flush=True
            )
        for name, (trainer, cost) in trainers(n_steps).items():
            mcc, error, _ = measure(train(trainer, world, key_train), world)
            rows.append((seed, name, float(mcc), float(error), float(cost)))
        for name, solver in solvers().items():
            mcc, error, steps = measure(solver, world)
            products = float(steps) * (1 + 1 / _CHECK_EVERY)
            rows.append((seed, name, float(mcc), float(error), products * 2 * N_DIMS * N_LATENTS))
    return pd.DataFrame(rows, columns=["seed", "method", "mcc", "nmse", "multiply_adds"])


def table(results: pd.DataFrame) -> str:
    lines = [f"{'method':<20} {'MCC':<23} {'NMSE':<26} multiply-adds a sample"]
    for name, rows in results.groupby("method", sort=False):
        mcc, error = mean_interval(rows["mcc"]), mean_interval(rows["nmse"])
        lines.append(
            f"{name:<20} {mcc.estimate:.3f} [{mcc.low:.3f}, {mcc.high:.3f}]    "
            f"{error.estimate:.4f} [{error.low:.4f}, {error.high:.4f}]    {rows['multiply_adds'].mean():>8,.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=8, help="dictionaries drawn (default 8)")
    parser.add_argument("--steps", type=int, default=10_000, help="training steps of the encoders (default 10,000)")
    parser.add_argument("--distil", action="store_true", help="learn the dictionary, and encoders from its codes")
    given = parser.parse_args()
    print(f"N={N_LATENTS} M={N_DIMS} K={N_ACTIVE}, {N_SAMPLES} samples, {given.steps} steps, {given.seeds} seeds")
    print(table(run(given.seeds, given.steps, distil=given.distil)))


if __name__ == "__main__":
    main()
