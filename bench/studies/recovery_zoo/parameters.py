"""What the zoo varies, what it holds fixed, the presets, and the theory of its worlds."""

import functools
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from analysis.theory.lasso_state_evolution import LassoPrediction, gaussian_amplitudes, optimal_lasso

Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Axes of the zoo."""

    n_active: tuple[Count, ...]
    noise_std: tuple[Annotated[float, Meta(ge=0)], ...]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes and signs."""

    n_latents: Annotated[int, Meta(ge=2, le=100_000)]
    n_dims: Count
    code_sign: Literal["signed", "nonnegative"]
    n_train: Count
    """Samples from which learners learn a dictionary; those trained on codes see the codes too."""
    n_eval: Annotated[int, Meta(ge=2, le=1_000_000)]
    training_steps: Count
    """Steps of everything that is trained by gradient descent."""
    reader: str
    """The coder that reads learned dictionaries, so that dictionary and encoder are judged apart."""
    activity_threshold: Annotated[float, Meta(ge=0)]
    """A latent counts as active above this magnitude in the estimate (amplitudes are standard normal)."""


@functools.cache
def predicted_lasso(fixed: Fixed, n_active: int, noise_std: float) -> LassoPrediction:
    """What theory says of the lasso on these codes, and the penalty that gets there."""
    delta, density = fixed.n_dims / fixed.n_latents, min(1.0, n_active / fixed.n_latents)
    return optimal_lasso(delta, density, noise_std, gaussian_amplitudes(), fixed.code_sign)


_FIXED = {
    "n_latents": 48,
    "n_dims": 24,
    "code_sign": "nonnegative",
    "n_train": 500,
    "n_eval": 200,
    "training_steps": 500,
    "reader": "fista",
    "activity_threshold": 0.1,
}

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 3,
        "precision": "float32",
        "chunk_size": 1,
        "grid": {"n_active": [2, 4, 8], "noise_std": [0.02, 0.1]},
        "fixed": _FIXED,
    },
    "full": {
        "seed": 0,
        "trials": 10,
        "precision": "float32",
        "chunk_size": 1,
        "grid": {"n_active": [1, 2, 4, 6, 9, 13, 18], "noise_std": [0.001, 0.01, 0.03, 0.1, 0.3]},
        "fixed": {**_FIXED, "n_latents": 128, "n_dims": 64, "n_train": 5000, "n_eval": 1000, "training_steps": 4000},
    },
}
