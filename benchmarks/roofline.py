"""How far are the hot paths from what the machine can do?

Run as `python -m benchmarks.roofline`; two minutes on two cores. First the machine: products of large matrices in
float32 and float64, and adding two arrays that no cache holds. Then each path: the floating-point operations that its
products need at least, and the bytes that its state takes if every array is read and written once an iteration, by the
fastest of a few runs of the compiled call. What a path does beyond its products (thresholds, sorting, random numbers,
posterior means) is not counted, so that its share says what these cost.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from analysis.theory import minimax_threshold
from bench.precision import precision
from recovery.coders import Amp, BasisPursuit, Fista, Omp
from recovery.learners import BilinearAmp, TopKSae
from toymodels import TrainingConfig, bernoulli_uniform, exact_k, gaussian_dictionary, relu_bottleneck, train

_REPEATS = 5


def seconds_of(call: Callable[..., Any], *arguments: Any) -> float:
    """The fastest of some runs, compiled before."""
    compiled = jax.jit(call).lower(*arguments).compile()
    jax.block_until_ready(compiled(*arguments))
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        times.append(time.perf_counter() - start)
    return min(times)


class Machine(NamedTuple):
    """What two cores, or a device, do at best."""

    flops: dict[str, float]
    bandwidth: float


def machine() -> Machine:
    flops = {}
    for name in ("float32", "float64"):
        with precision(name):
            one = jax.random.normal(jax.random.key(0), (3000, 3000))
            flops[name] = 2 * 3000**3 / seconds_of(jnp.matmul, one, one)
    large = jnp.ones(2**26, jnp.float32)
    return Machine(flops, 3 * large.nbytes / seconds_of(jnp.add, large, large))


class Path(NamedTuple):
    """A call, and what it needs at least."""

    name: str
    seconds: float
    flops: float
    bytes_moved: float
    precision: str = "float32"


def problem(n_samples: int, n_dims: int, n_latents: int, n_active: int) -> tuple[jax.Array, jax.Array]:
    dictionary = gaussian_dictionary(jax.random.key(0), n_dims=n_dims, n_latents=n_latents)
    codes = exact_k(jax.random.key(1), n_samples=n_samples, n_latents=n_latents, n_active=n_active)
    return dictionary, codes @ dictionary.T


def fista() -> Path:
    p, m, n, steps = 10_000, 64, 256, 100
    coder = Fista(penalty=0.01, tolerance=0.0, max_iterations=steps)
    taken = seconds_of(lambda a, y: coder(a, y).codes, *problem(p, m, n, 5))
    return Path(f"FISTA, {p:,} x {m} x {n}, {steps} steps", taken, 4 * p * m * n * steps, 16 * p * n * steps)


def amp() -> Path:
    p, m, n, steps = 500, 500, 1000, 50
    coder = Amp(threshold=float(minimax_threshold(0.5, "signed")), tolerance=0.0, max_iterations=steps)
    taken = seconds_of(lambda a, y: coder(a, y).codes, *problem(p, m, n, 50))
    return Path(f"AMP, {p} x {m} x {n:,}, {steps} steps", taken, 4 * p * m * n * steps, 8 * p * n * steps)


def omp() -> Path:
    p, m, n, k = 10_000, 64, 256, 5
    coder = Omp(n_nonzero=k, n_active=k)
    taken = seconds_of(lambda a, y: coder(a, y).codes, *problem(p, m, n, k))
    return Path(f"OMP, {p:,} x {m} x {n}, K = {k}", taken, 2 * p * m * n * k, 4 * p * n * k)


def basis_pursuit() -> Path:
    p, m, n = 40, 200, 400
    with precision("float64"):
        coder = BasisPursuit(tolerance=1e-8)
        given = problem(p, m, n, 60)
        iterations = float(np.sum(coder(*given).iterations))
        taken = seconds_of(lambda a, y: coder(a, y).codes, *given)
    flops = iterations * (m * m * n + m**3 / 3)
    return Path(f"basis pursuit, {p} x {m} x {n}", taken, flops, iterations * 8 * (2 * m * n + m * m), "float64")


def autoencoder() -> Path:
    b, m, n, steps = 1024, 64, 512, 200
    learner, dictionary = TopKSae(3, n_steps=steps), gaussian_dictionary(jax.random.key(0), n_dims=m, n_latents=n)
    data = exact_k(jax.random.key(1), n_samples=b, n_latents=n, n_active=3) @ dictionary.T

    def fit(data: jax.Array, key: jax.Array) -> jax.Array:
        return learner.fit_stream(lambda _: data, n_atoms=n, key=key).dictionary

    taken = seconds_of(fit, data, jax.random.key(2))
    return Path(f"TopK autoencoder, {b:,} x {m} x {n}, {steps} steps", taken, 10 * b * m * n * steps, 8 * b * n * steps)


def toy_models() -> Path:
    b, m, n, instances, steps = 1024, 30, 400, 4, 50
    config = TrainingConfig(n_steps=steps, batch_size=b, learning_rate=1e-3)

    def one(key: jax.Array) -> jax.Array:
        def loss(params: Any, key: jax.Array) -> jax.Array:
            return relu_bottleneck.loss(params, bernoulli_uniform(key, n_samples=b, n_latents=n, density=0.1))

        return train(key, relu_bottleneck.init(key, n_dims=m, n_latents=n), loss, config)[1]

    taken = seconds_of(jax.vmap(one), jax.random.split(jax.random.key(0), instances))
    flops, moved = 10 * b * m * n * instances * steps, 16 * b * n * instances * steps
    return Path(f"toy models, {instances} x {b:,} x {m} x {n}, {steps} steps", taken, flops, moved)


def bilinear() -> Path:
    p, m, n, rounds = 5000, 93, 1000, 20
    learner = BilinearAmp(density=10 / n, nonnegative=True, n_rounds=rounds, n_held=0, n_polish=0)
    _, data = problem(p, m, n, 10)
    taken = seconds_of(lambda y, key: learner.fit(y, n_atoms=n, key=key).dictionary, data, jax.random.key(3))
    return Path(
        f"bilinear AMP, {p:,} x {m} x {n:,}, {rounds} rounds", taken, 6 * p * m * n * rounds, 16 * p * n * rounds
    )


def main() -> None:
    best = machine()
    print(
        f"products: {best.flops['float32'] / 1e9:.0f} GFLOP/s in float32, {best.flops['float64'] / 1e9:.0f} in float64"
    )
    print(f"memory: {best.bandwidth / 1e9:.1f} GB/s")
    print("path,seconds,gflops,share_of_products,gb_per_s,share_of_memory", flush=True)
    for path in (fista, amp, omp, basis_pursuit, autoencoder, toy_models, bilinear):
        one = path()
        rate, moved = one.flops / one.seconds, one.bytes_moved / one.seconds
        share, busy = rate / best.flops[one.precision], moved / best.bandwidth
        print(f'"{one.name}",{one.seconds:.3f},{rate / 1e9:.1f},{share:.2f},{moved / 1e9:.2f},{busy:.2f}', flush=True)


if __name__ == "__main__":
    main()
