"""What the map varies, what it holds fixed, and the presets."""

import functools
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from analysis.theory.lasso_state_evolution import LassoPrediction, optimal_lasso, uniform_amplitudes
from bench.study import Spec

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Positive = Annotated[float, Meta(gt=0)]
NonNegative = Annotated[float, Meta(ge=0)]


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Axes of the map."""

    dictionary: tuple[Literal["network", "gaussian"], ...]
    density: tuple[Annotated[float, Meta(gt=0, le=1)], ...]
    noise_std: tuple[NonNegative, ...]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes, training, and where recovery stops."""

    n_latents: Count
    n_dims: Count
    n_train: Count
    n_eval: Annotated[int, Meta(ge=2, le=1_000_000)]
    importance_decay: Annotated[float, Meta(gt=0, le=1)]
    training_steps: Count
    batch_size: Count
    learning_rate: Positive
    training_noise_std: NonNegative
    sae_steps: Count
    activity_threshold: NonNegative
    """A latent counts as active above this magnitude, in truth and estimate alike (amplitudes reach up to 1)."""


NULL = "unrelated"

KNOWN = {
    "lasso": "dictionary known: non-negative lasso by FISTA, penalty tuned by theory",
    "omp": "dictionary known: non-negative orthogonal matching pursuit, stopped at the noise level",
    "readout": "dictionary known: the network's own ReLU readout",
}
BLIND = {
    "alternating-mod": "dictionary unknown: alternating FISTA and MOD, annealed penalty",
    "topk-sae": "dictionary unknown: TopK sparse autoencoder",
    NULL: "chance level: a random dictionary that was never fitted",
}


def known(spec: Spec) -> list[str]:
    """Methods that are given the dictionary, the plugged-in ones last."""
    return [*KNOWN, *(name for name, plugin in spec.plugins.items() if plugin.kind != "learner")]


def blind(spec: Spec) -> list[str]:
    """Methods that are not given the dictionary; the null learner is the last."""
    learners = [name for name, plugin in spec.plugins.items() if plugin.kind == "learner"]
    return [*(name for name in BLIND if name != NULL), *learners, NULL]


@functools.cache
def predicted_lasso(undersampling: float, density: float, noise_std: float) -> LassoPrediction:
    """What theory says of the lasso on these latents with a random dictionary, and the penalty that gets there."""
    return optimal_lasso(undersampling, density, noise_std, uniform_amplitudes(), "nonnegative")


_FIXED = {
    "n_latents": 64,
    "n_dims": 16,
    "n_train": 1000,
    "n_eval": 500,
    "importance_decay": 1.0,
    "training_steps": 2000,
    "batch_size": 256,
    "learning_rate": 0.01,
    "training_noise_std": 0.0,
    "sae_steps": 1000,
    "activity_threshold": 0.1,
}

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 3,
        "precision": "float32",
        "chunk_size": 6,
        "grid": {
            "dictionary": ["network", "gaussian"],
            "density": [0.01, 0.02, 0.04, 0.07, 0.15, 0.5],
            "noise_std": [0.01, 0.05, 0.2],
        },
        "fixed": _FIXED,
    },
    "full": {
        "seed": 0,
        "trials": 10,
        "precision": "float32",
        "chunk_size": 10,
        "grid": {
            "dictionary": ["network", "gaussian"],
            "density": [0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.17, 0.25, 0.35, 0.5],
            "noise_std": [0.001, 0.003, 0.006, 0.01, 0.02, 0.03, 0.06, 0.1, 0.2, 0.3],
        },
        "fixed": {
            **_FIXED,
            "n_latents": 128,
            "n_dims": 32,
            "n_train": 5000,
            "n_eval": 1000,
            "training_steps": 5000,
            "sae_steps": 4000,
        },
    },
}
