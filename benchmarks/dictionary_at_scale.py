"""How many samples does it take to learn a large dictionary? Bilinear message passing and alternating MOD.

Run as `python -m benchmarks.dictionary_at_scale --latents 1000 --samples 2500 10000`.

The world of Barin Pacela et al. (2026, arXiv 2603.28744): N latents of which exactly K are active, uniform on [0, 1],
latent 0 together with the first half of the others only; Gaussian unit columns in M = ceil(2 K ln(N / K)) dimensions,
no noise. `--magnitude`, `--signed` and `--noise-db` make other worlds, in which all latents may meet. Each row of the
output is one dictionary, number of samples and learner: the mean |cosine| of true and learned atoms under the best
permutation and its chance level, the share of atoms above .9, the MCC of the learner's codes of fresh samples (in the
first world: out of distribution, latent 0 meets the other half) under that permutation, seconds of learning with
compilation, and the process's largest memory so far. Message passing is told K, the sign and that amplitudes are
uniform, also where they are not; alternating MOD the sign. `--ablation` sets aside one part of message passing after
another. With `--near` atoms start at that cosine with the truth: where they stay near it and do not arrive without, the
search fails and not the samples.

With `--theory` it prints instead, for each number of samples, the cosine that atoms must start above for the state
evolution of Bayes-optimal message passing to end at the truth (Kabashima et al. 2016): 0 where any start will do.
"""

import argparse
import resource
import time
from dataclasses import dataclass, replace
from math import ceil, log
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtr

from analysis.theory import matched_cosine_chance
from recovery.learner import Fit
from recovery.learners import AlternatingMod, BilinearAmp
from toymodels.latents import MAGNITUDES, compositional, exact_k
from toymodels.mixing import gaussian_dictionary, near_dictionary

_CHUNK = 5000
_N_FRESH = 10_000
_RECOVERED = 0.98
_ABLATIONS: dict[str, dict[str, Any]] = {
    "no atom starts again": {"replace_every": 0},
    "floor stays at .3": {"certainty_end": 0.3},
    "floor of .001": {"certainty_start": 0.001, "certainty_end": 0.001},
    "atoms move at once": {"n_held": 0},
    "a quarter of the rounds": {"n_rounds": 250},
    "twice the rounds": {"n_rounds": 2000},
    "told normal amplitudes": {"magnitude": "normal"},
}


def n_dims_of(n_latents: int, n_active: int) -> int:
    return ceil(2 * n_active * log(n_latents / n_active))


@dataclass(frozen=True)
class World:
    """Sizes and what codes are like; the noise has `noise_db` decibels less energy than the observations."""

    n_latents: int
    n_active: int
    magnitude: str = "uniform"
    signed: bool = False
    noise_db: float | None = None

    @property
    def n_dims(self) -> int:
        return n_dims_of(self.n_latents, self.n_active)

    def codes(self, key: PRNGKeyArray, n_samples: int, *, unseen: bool) -> Float[Array, "n_samples n_latents"]:
        sizes = {"n_samples": n_samples, "n_latents": self.n_latents, "n_active": self.n_active}
        if self.magnitude == "uniform" and not self.signed:
            return compositional(key, **sizes, out_of_distribution=unseen)
        return exact_k(key, **sizes, magnitude=self.magnitude, nonnegative=not self.signed)

    def noise_std(self) -> float:
        if self.noise_db is None:
            return 0.0
        energy = self.n_active * MAGNITUDES[self.magnitude].second_moment / self.n_dims
        return (energy * 10 ** (-self.noise_db / 10)) ** 0.5

    def observe(self, key: PRNGKeyArray, dictionary: Array, codes: Array) -> Float[Array, "n_samples n_dims"]:
        clean = codes @ dictionary.T
        return clean + self.noise_std() * jax.random.normal(key, clean.shape, clean.dtype)

    def observations(self, key: PRNGKeyArray, dictionary: Array, n_samples: int) -> Float[Array, "n_samples n_dims"]:
        """Drawn a few thousand at a time, so that the codes of all are never held at once."""

        @jax.jit
        def draw(key: PRNGKeyArray) -> Float[Array, "chunk n_dims"]:
            key_codes, key_noise = jax.random.split(key)
            codes = self.codes(key_codes, min(_CHUNK, n_samples), unseen=False)
            return self.observe(key_noise, dictionary, codes)

        keys = jax.random.split(key, -(-n_samples // _CHUNK))
        return jnp.concatenate([draw(key) for key in keys])[:n_samples]


def fresh_correlations(
    world: World, key: PRNGKeyArray, dictionary: Array, fit: Fit, order: np.ndarray
) -> Float[np.ndarray, " n_seen"]:
    """|Pearson| of each true code with its atom's, over fresh samples a few thousand at a time; of latents that
    are active at all."""

    @jax.jit
    def moments(key: PRNGKeyArray, dictionary: Array, fit: Fit) -> Float[Array, "5 n_latents"]:
        key_codes, key_noise = jax.random.split(key)
        truth = world.codes(key_codes, _CHUNK, unseen=True)
        found = fit.encoder(fit.dictionary, world.observe(key_noise, dictionary, truth)).codes[:, order]
        return jnp.stack([jnp.mean(a, axis=0) for a in (truth, found, truth**2, found**2, truth * found)])

    keys = jax.random.split(key, _N_FRESH // _CHUNK)
    sums = np.mean([np.asarray(moments(one, dictionary, fit), np.float64) for one in keys], axis=0)
    mean, other, square, other_square, product = sums
    spread = np.sqrt(np.maximum((square - mean**2) * (other_square - other**2), 0))
    correlations = np.abs(product - mean * other) / np.where(spread > 0, spread, np.inf)
    return correlations[square > 0]


def measure(learner: Any, name: str, seed: int, world: World, n_samples: int, near: float | None = None) -> None:
    key_dictionary, key_samples, key_fit = jax.random.split(jax.random.key(seed), 3)
    dictionary = gaussian_dictionary(key_dictionary, n_dims=world.n_dims, n_latents=world.n_latents)
    observations = world.observations(key_samples, dictionary, n_samples)
    first = None if near is None else near_dictionary(jax.random.fold_in(key_fit, 1), dictionary, cosine=near)
    start = time.perf_counter()
    fitting = jax.jit(lambda y, key, first: learner.fit(y, n_atoms=world.n_latents, key=key, first=first))
    fit = jax.block_until_ready(fitting(observations, key_fit, first))
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    similarity = np.abs(np.asarray(dictionary).T @ np.asarray(fit.dictionary))
    _, order = linear_sum_assignment(-similarity)
    cosines = similarity[np.arange(order.size), order]
    mcc = fresh_correlations(world, jax.random.fold_in(key_samples, 1), dictionary, fit, order).mean()
    chance = matched_cosine_chance(world.n_dims, world.n_latents, world.n_latents)
    noise = "" if world.noise_db is None else f"{world.noise_db:g}"
    codes = f"{'signed' if world.signed else 'nonnegative'} {world.magnitude}"
    print(
        f"{world.n_latents},{world.n_active},{world.n_dims},{codes},{noise},{n_samples},{seed},{name},"
        f"{'' if near is None else f'{near:g}'},"
        f"{cosines.mean():.4f},{chance:.4f},{np.mean(cosines > 0.9):.4f},{mcc:.4f},{seconds:.0f},{memory:.2f}",
        flush=True,
    )


def explained(noise_variance: float, density: float) -> float:
    """E[E[x | r]^2] for r = x + noise, x = 0 or with probability `density` uniform on [0, 1]."""
    deviation = np.sqrt(noise_variance)
    r = np.linspace(-8 * deviation, 1 + 8 * deviation, 4001)
    at_zero, at_one = (np.exp(-((r - end) ** 2) / (2 * noise_variance)) for end in (0, 1))
    scale = np.sqrt(2 * np.pi * noise_variance)
    mass = ndtr((1 - r) / deviation) - ndtr(-r / deviation)
    evidence = (1 - density) * at_zero / scale + density * mass
    first = density * (r * mass + noise_variance * (at_zero - at_one) / scale)
    return float(np.trapezoid(first**2 / np.maximum(evidence, 1e-300), r))


def evolved(overlap: float, n_latents: int, n_dims: int, n_active: int, n_samples: int) -> float:
    """The squared cosine of atoms at the fixed point of state evolution from a given one; noise variance 1e-6."""
    density = n_active / n_latents
    energy = density / 3
    codes = explained(energy * n_latents / (n_dims * overlap), density)
    for _ in range(2000):
        precision = 1 / (1e-6 + energy - overlap * codes)
        codes = explained(n_latents / (n_dims * overlap * precision), density)
        snr = n_samples / n_latents * codes / (1e-6 + energy - overlap * codes)
        last, overlap = overlap, snr / (1 + snr)
        if abs(overlap - last) < 1e-9:
            break
    return overlap


def basin(n_latents: int, n_active: int, n_samples: int) -> float:
    """The least starting cosine from which state evolution ends at the truth, by bisection; nan where none does."""
    sizes = (n_latents, n_dims_of(n_latents, n_active), n_active, n_samples)
    low, high = 1e-3, 1 - 1e-4
    if evolved(high, *sizes) < _RECOVERED:
        return float("nan")
    if evolved(low, *sizes) >= _RECOVERED:
        return 0.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if evolved(middle, *sizes) >= _RECOVERED else (middle, high)
    return high**0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--latents", type=int, default=1000, help="N (default 1000)")
    parser.add_argument("--active", type=int, default=10, help="K (default 10)")
    parser.add_argument("--samples", type=int, nargs="+", default=[2500, 10_000], help="P (default 2500 10000)")
    parser.add_argument("--seeds", type=int, default=1, help="dictionaries drawn (default 1)")
    parser.add_argument("--rounds", type=int, default=1000, help="of message passing at most (default 1000)")
    parser.add_argument("--polish", type=int, default=100, help="rounds of polishing (default 100)")
    parser.add_argument("--magnitude", choices=sorted(MAGNITUDES), default="uniform", help="of codes (default uniform)")
    parser.add_argument("--signed", action="store_true", help="codes of either sign")
    parser.add_argument("--noise-db", type=float, help="decibels between observations and noise (default: no noise)")
    parser.add_argument("--ablation", action="store_true", help="message passing without each of its parts as well")
    parser.add_argument("--alternating", action="store_true", help="alternating MOD as well")
    parser.add_argument("--near", type=float, help="cosine of first atoms and truth (default: start at samples)")
    parser.add_argument("--theory", action="store_true", help="state evolution only")
    given = parser.parse_args()
    if given.near is not None and not 0 <= given.near <= 1:
        parser.error(f"--near is a cosine, from 0 to 1, got {given.near:g}")
    if given.theory:
        print("latents,active,dims,samples,least_cosine")
        for n_samples in given.samples:
            found = basin(given.latents, given.active, n_samples)
            dims = n_dims_of(given.latents, given.active)
            print(f"{given.latents},{given.active},{dims},{n_samples},{found:.3f}", flush=True)
        return
    world = World(given.latents, given.active, given.magnitude, given.signed, given.noise_db)
    learner = BilinearAmp(
        density=given.active / given.latents,
        nonnegative=not given.signed,
        n_rounds=given.rounds,
        n_polish=given.polish,
    )
    learners: dict[str, Any] = {"bilinear-amp": learner}
    if given.ablation:
        learners |= {name: replace(learner, **parts) for name, parts in _ABLATIONS.items()}
    if given.alternating:
        learners["alternating-mod"] = AlternatingMod(nonnegative=not given.signed)
    print(
        "latents,active,dims,codes,noise_db,samples,seed,learner,first,cosine,chance,above_.9,mcc_fresh,seconds,memory_gib",
        flush=True,
    )
    for n_samples in given.samples:
        for seed in range(given.seeds):
            for name, one in learners.items():
                measure(one, name, seed, world, n_samples, given.near)


if __name__ == "__main__":
    main()
