"""Tasks of the intruder test from codes and the items that they are codes of."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from analysis.metrics import fellowship, intrusion_round
from bench.intrusion.page import Picture, Task


def tasks_of(
    codes: Float[np.ndarray, "n_items n_atoms"],
    items: Sequence[str | Picture],
    embedding: Float[np.ndarray, "n_items n_features"] | None = None,
    *,
    group: str,
    n_top: int = 5,
    seed: int = 0,
) -> list[Task]:
    """A task per atom that is active, above 0, on at least `n_top` items: these and an intruder.

    The intruder is drawn from the half of the items with the atom's smallest codes, as in
    `analysis.metrics.intrusion_accuracy`; with an embedding, the task also holds whom its judge names. Raises
    ValueError where codes and items differ in number, or `n_top` is not from 2 to half of them.
    """
    if len(items) != len(codes):
        raise ValueError(f"{len(codes)} rows of codes and {len(items)} items")
    shown = np.asarray(intrusion_round(jax.random.key(seed), jnp.asarray(codes), n_top=n_top))
    judged = None
    if embedding is not None:
        judged = np.argmin(fellowship(jnp.asarray(embedding), jnp.asarray(shown)), axis=1)
    active = np.sum(np.asarray(codes) > 0, axis=0) >= n_top
    return [
        Task(tuple(items[i] for i in shown[atom]), group, None if judged is None else int(judged[atom]))
        for atom in np.flatnonzero(active)
    ]
