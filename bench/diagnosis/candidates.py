"""Which learner to use: those that suit the estimates, judged by hidden coordinates."""

import jax
import numpy as np

from bench.diagnosis.measure import Measurement, Trial
from bench.methods import built_in
from recovery.knowledge import Knowledge

CHOSEN = "alternating-mod"


def other_candidates(found: Measurement, trial: Trial) -> dict[str, np.ndarray]:
    """Errors on hidden coordinates of other learners on the training rows, as `Measurement.errors` has those of
    alternating MOD: approximate K-SVD, told the estimated K, and FastICA where atoms are no more than dimensions."""
    n_atoms, n_active = found.size.n_atoms, max(1, round(found.n_active))
    names = ["approximate-ksvd"] + (["fast-ica"] if n_atoms <= found.n_dims else [])
    knowledge = Knowledge(
        n_dims=found.n_dims,
        n_latents=n_atoms,
        max_active=min(n_active, n_atoms),
        nonnegative=found.nonnegative,
        n_active=min(n_active, n_atoms),
        noise_std=found.noise_std,
    )
    errors = {}
    for name in names:
        learner = built_in()[name].build(knowledge)
        run = jax.jit(lambda y, key, learner=learner: learner.fit(y, n_atoms=n_atoms, key=key).dictionary)
        errors[name] = trial.errors(run(trial.train, jax.random.key(3)))
    return errors


def preferred(errors: dict[str, np.ndarray]) -> str:
    """The method with the least error, but alternating MOD unless another is better by two standard errors."""
    best = min(errors, key=lambda name: errors[name].mean())
    better = errors[CHOSEN] - errors[best]
    clear = better.mean() > 2 * better.std(ddof=1) / np.sqrt(better.size)
    return best if clear else CHOSEN
