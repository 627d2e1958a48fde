"""Seconds per signal beside built-in solvers; for information, as timings are noisy."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from bench.errors import UserError, said
from bench.kept_programs import compiled_anew
from bench.methods import Method, built_in
from bench.precision import precision
from bench.validation.check import Findings, judge
from bench.validation.problems import Problem, gaussian_dictionary, generator, observe, sparse_codes
from bench.validation.subject import Coder

BESIDE = ("fista", "omp", "basis-pursuit")
_N_DIMS, _N_LATENTS, _N_ACTIVE = 64, 128, 6


def check_speed(coder: Coder, *, seed: int, quick: bool) -> Findings:
    """Never fails."""
    n_samples = 32 if quick else 128
    rng = generator(seed, "speed")
    codes = sparse_codes(rng, n_samples, _N_LATENTS, _N_ACTIVE)
    dictionary = gaussian_dictionary(rng, _N_DIMS, _N_LATENTS)
    problem = observe(rng, dictionary, codes, n_active=_N_ACTIVE, noise_std=0.01)
    known = built_in()
    methods = [coder.method, *(known[name] for name in BESIDE if name != coder.method.name)]
    table = pd.DataFrame.from_records([_time(method, problem, coder.precision) for method in methods])
    own = float(table["seconds_per_signal"].iloc[0])
    fista = float(table.set_index("method")["seconds_per_signal"]["fista"])
    check = judge(
        "speed",
        True,
        own / fista,
        None,
        f"{own:.2e} s per signal after {table['compile_seconds'].iloc[0]:.1f} s of compiling, {own / fista:.2g} times "
        f"fista's; {n_samples} signals at once, M = {_N_DIMS}, N = {_N_LATENTS}. For information: it never fails.",
    )
    return Findings([check], {"speed": table})


def _time(method: Method, problem: Problem, name: str) -> dict:
    with precision(name):
        arrays = [jnp.asarray(a, name) for a in (problem.dictionary, problem.observations)]
        key = jax.random.key(0)
        start = time.perf_counter()
        solve = jax.jit(lambda knowledge, d, y, key: method.build(knowledge)(d, y, key=key).codes)
        try:
            with compiled_anew():
                compiled = solve.lower(problem.knowledge, *arrays, key).compile()
            compile_seconds = time.perf_counter() - start
            jax.block_until_ready(compiled(problem.knowledge, *arrays, key))
            seconds = []
            for _ in range(3):
                start = time.perf_counter()
                jax.block_until_ready(compiled(problem.knowledge, *arrays, key))
                seconds.append(time.perf_counter() - start)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"method {method.name} raised {said(error)}") from None
    return {
        "method": method.name,
        "seconds_per_signal": float(np.median(seconds)) / len(problem.observations),
        "compile_seconds": compile_seconds,
        "host": method.host,
    }
