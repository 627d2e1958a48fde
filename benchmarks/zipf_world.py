"""Sparse autoencoders and a classical learner on one stream of many latents in few dimensions.

Run as `python -m benchmarks.zipf_world`; about twenty minutes on two cores.

512 latents in 64 dimensions, atoms uniform on the sphere; latent i is on with a probability that falls with its rank by
Zipf's law from .1 to .005 (3.1 of them on average), then of size N(1, .2) cut at 0; no noise. Autoencoders see 2M
samples once, in batches of 1,024, with Adam at 1e-3 and all else at its default, told that K = 3 are active (ReLU+L1 also
12, as its peers were run). The classical learner is alternating MOD on the first 50,000 samples, at its defaults. Each
seed draws dictionary, samples and the learner's randomness.

MCC is the mean |cosine| of true and learned atoms under the best permutation; unrelated dictionaries have the chance
level. F1 is of the supports of 8,192 fresh samples, the codes permuted as the atoms are, and active is the mean number
of codes that are not 0. Samples per second are of training alone, compiled before; the sampling of latents is part of
it. Intervals are Student's t over seeds, at 95%. The peers' figures are single runs on the same set-up: sae-lens 6.54
and dictionary-learning 0.1, at Adam 1e-3, untuned.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pandas as pd
from jaxtyping import Array, PRNGKeyArray

from analysis.metrics import dictionary_similarity, support_scores
from analysis.statistics.intervals import mean_interval
from analysis.theory import dictionary_chance
from recovery.learner import Fit
from recovery.learners import (
    AlternatingMod,
    BatchTopKSae,
    GatedSae,
    JumpReluSae,
    MatchingPursuitSae,
    MatryoshkaSae,
    ReluSae,
    TopKSae,
)
from toymodels.latents.zipf import zipf
from toymodels.mixing import gaussian_dictionary

N_LATENTS, N_DIMS, HIGHEST, LOWEST = 512, 64, 0.1, 0.005
BATCH, N_SAMPLES, N_CLASSICAL, N_FRESH = 1024, 2_000_000, 50_000, 8192
PEERS = {
    "ReLU+L1, 12 active": (0.935, "sae-lens"),
    "TopK": (0.89, "dictionary-learning; sae-lens .82"),
    "BatchTopK": (0.69, "sae-lens"),
    "JumpReLU": (0.90, "sae-lens"),
    "matching pursuit": (0.945, "sae-lens, F1 .77"),
}


def observations(dictionary: Array, key: PRNGKeyArray, *, n_samples: int) -> Array:
    """Fresh samples of the world."""
    return zipf(key, n_samples=n_samples, n_latents=N_LATENTS, highest=HIGHEST, lowest=LOWEST) @ dictionary.T


def autoencoders(n_steps: int) -> dict[str, Any]:
    told = {"n_active": 3.0, "n_steps": n_steps, "batch_size": BATCH, "learning_rate": 1e-3}
    return {
        "ReLU+L1": ReluSae(**told),
        "ReLU+L1, 12 active": ReluSae(**{**told, "n_active": 12.0}),
        "TopK": TopKSae(**{**told, "n_active": 3}),
        "BatchTopK": BatchTopKSae(**told),
        "JumpReLU": JumpReluSae(**told),
        "gated": GatedSae(**told),
        "matching pursuit": MatchingPursuitSae(**{**told, "n_active": 3}, n_nonzero=3),
        "Matryoshka": MatryoshkaSae(**told),
    }


def learners(n_samples: int) -> dict[str, tuple[Callable[[Array, PRNGKeyArray], Fit], int]]:
    """Each learner's fit to a world with this dictionary, compiled once, and the samples it draws."""
    n_steps = max(n_samples // BATCH, 1)

    def stream(sae: Any, dictionary: Array, key: PRNGKeyArray) -> Fit:
        draw = partial(observations, dictionary, n_samples=BATCH)
        return sae.fit_stream(draw, n_atoms=N_LATENTS, key=key)

    def classical(dictionary: Array, key: PRNGKeyArray) -> Fit:
        key_data, key_fit = jax.random.split(key)
        data = observations(dictionary, key_data, n_samples=min(N_CLASSICAL, n_samples))
        return AlternatingMod().fit(data, n_atoms=N_LATENTS, key=key_fit)

    fits = {name: (jax.jit(partial(stream, sae)), n_steps * BATCH) for name, sae in autoencoders(n_steps).items()}
    return {"alternating MOD": (jax.jit(classical), min(N_CLASSICAL, n_samples)), **fits}


@jax.jit
def scores(dictionary: Array, fit: Fit, key: PRNGKeyArray) -> tuple[Array, Array, Array]:
    """MCC of the atoms, F1 of the supports on fresh samples, and the mean number of codes that are not 0."""
    similarity = dictionary_similarity(dictionary, fit.dictionary)
    codes = zipf(key, n_samples=N_FRESH, n_latents=N_LATENTS, highest=HIGHEST, lowest=LOWEST)
    found = fit.encoder(fit.dictionary, codes @ dictionary.T).codes
    # Codes of the lasso have a tail of small ones: a tenth of a latent's mean size is not counted as on.
    f1 = support_scores(codes, found[:, similarity.assignment], threshold=0.1).f1
    return similarity.matched_cosine, f1, jnp.mean(jnp.sum(found != 0, axis=1).astype(f1.dtype))


def run(seeds: range, n_samples: int, names: list[str]) -> pd.DataFrame:
    """One row for each seed and learner."""
    rows = []
    for name, (fit, n_drawn) in learners(n_samples).items():
        if names and name not in names:
            continue
        compiled = fit.lower(jnp.zeros((N_DIMS, N_LATENTS)), jax.random.key(0)).compile()
        for seed in seeds:
            key_atoms, key_fit, key_fresh = jax.random.split(jax.random.key(seed), 3)
            dictionary = gaussian_dictionary(key_atoms, n_dims=N_DIMS, n_latents=N_LATENTS)
            start = time.perf_counter()
            fitted = jax.block_until_ready(compiled(dictionary, key_fit))
            seconds = time.perf_counter() - start
            mcc, f1, n_active = (float(x) for x in scores(dictionary, fitted, key_fresh))
            rows.append((name, seed, mcc, f1, n_active, n_drawn, seconds))
            print(
                f"  {name}, seed {seed}: MCC {mcc:.3f}, F1 {f1:.3f}, {n_active:.2f} active, {seconds:.1f} s", flush=True
            )
    columns = ["learner", "seed", "mcc", "support_f1", "n_active", "n_samples", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def table(results: pd.DataFrame) -> str:
    lines = [f"{'learner':<20} {'MCC':<22} {'F1':<22} active  samples/s  peer's MCC"]
    for name, rows in results.groupby("learner", sort=False):
        mcc, f1 = mean_interval(rows["mcc"]), mean_interval(rows["support_f1"])
        rate = (rows["n_samples"] / rows["seconds"]).median()
        peer = "{:.3f} ({})".format(*PEERS[str(name)]) if name in PEERS else ""
        lines.append(
            f"{name:<20} {mcc.estimate:.3f} [{mcc.low:.3f}, {mcc.high:.3f}]   {f1.estimate:.3f} [{f1.low:.3f}, "
            f"{f1.high:.3f}]   {rows['n_active'].mean():5.2f}   {rate:9,.0f}  {peer}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="worlds drawn (default 5)")
    parser.add_argument("--first-seed", type=int, default=0, help="of these seeds (default 0)")
    parser.add_argument("--samples", type=int, default=N_SAMPLES, help="samples that autoencoders see (default 2M)")
    parser.add_argument("--learner", action="append", default=[], help="only these, by their names in the table")
    parser.add_argument("--output", type=Path, help="a CSV file for the row of each seed and learner")
    given = parser.parse_args()
    chance = dictionary_chance(N_DIMS, N_LATENTS, N_LATENTS, seed=0).mean
    print(
        f"N={N_LATENTS} M={N_DIMS}, {given.samples:,} samples, {given.seeds} seeds; chance level of the MCC: {chance:.3f}"
    )
    results = run(range(given.first_seed, given.first_seed + given.seeds), given.samples, given.learner)
    if given.output:
        results.round(6).to_csv(given.output, index=False)
    print(table(results))


if __name__ == "__main__":
    main()
