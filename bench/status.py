"""How the solves of a trial ended: what is stored of it, and when it counts as failed."""

from typing import Any

import jax
import jax.numpy as jnp
import pandas as pd

from recovery.solution import Solution, Status

MOST_UNCONVERGED = 0.01
"""A trial counts as failed where more than this share of its samples did not converge, or any became non-finite."""


def status_metrics(solution: Solution) -> dict[str, jax.Array]:
    """Samples by status, the largest residual, and the mean iterations."""
    counts: dict[str, Any] = {
        f"n_{status.name.lower()}": jnp.sum(solution.status == status, dtype=jnp.int32) for status in Status
    }
    return {**counts, "residual": jnp.max(solution.residual), "iterations": jnp.mean(solution.iterations * 1.0)}


def trial_failed(rows: pd.DataFrame) -> pd.Series:
    """Which rows of stored `status_metrics` count as failed."""
    samples = rows["n_converged"] + rows["n_max_iterations"] + rows["n_non_finite"]
    return (rows["n_non_finite"] > 0) | (rows["n_max_iterations"] > MOST_UNCONVERGED * samples)
