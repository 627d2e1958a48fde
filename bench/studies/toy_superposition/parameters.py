"""What the figures have in common, and the presets."""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

Figure = Literal[
    "polytopes",
    "phase-one-dim",
    "phase-two-dims",
    "dimensionality",
    "bias",
    "correlation",
    "absolute-value",
    "adversarial",
    "dynamics",
]

Steps = Annotated[int, Meta(ge=1, le=1_000_000)]
Levels = Annotated[int, Meta(ge=3, le=100)]


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The figures to make; each has its own densities and importances."""

    figure: tuple[Figure, ...]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the networks of each figure train, and how fine its levels are."""

    batch_size: Steps
    learning_rate: Annotated[float, Meta(gt=0)]
    n_eval: Annotated[int, Meta(ge=100, le=1_000_000)]
    """Fresh samples on which losses are measured."""
    polytope_steps: Steps
    phase_steps: Steps
    phase_levels: Levels
    """Densities and importances, each, of a phase diagram."""
    phase_seeds: Annotated[int, Meta(ge=1, le=1000)]
    """Networks per cell of a phase diagram; the one of least loss counts."""
    dimensionality_steps: Steps
    dimensionality_seeds: Annotated[int, Meta(ge=1, le=1000)]
    bias_steps: Steps
    correlation_steps: Steps
    absolute_value_steps: Steps
    adversarial_steps: Steps
    adversarial_levels: Levels
    attack_radius: Annotated[float, Meta(gt=0)]
    dynamics_steps: Steps


_FIXED = {
    "batch_size": 1024,
    "learning_rate": 0.01,
    "n_eval": 4096,
    "polytope_steps": 4000,
    "phase_steps": 2500,
    "phase_levels": 8,
    "phase_seeds": 8,
    "dimensionality_steps": 1500,
    "dimensionality_seeds": 1,
    "bias_steps": 3000,
    "correlation_steps": 4000,
    "absolute_value_steps": 2000,
    "adversarial_steps": 1500,
    "adversarial_levels": 8,
    "attack_radius": 0.1,
    "dynamics_steps": 8000,
}

FIGURES: tuple[str, ...] = get_args(Figure)

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 10,
        "precision": "float32",
        "chunk_size": 200,
        "grid": {"figure": list(FIGURES)},
        "fixed": _FIXED,
    },
    "full": {
        "seed": 0,
        "trials": 20,
        "precision": "float32",
        "chunk_size": 200,
        "grid": {"figure": list(FIGURES)},
        "fixed": {
            **_FIXED,
            "n_eval": 16384,
            "polytope_steps": 10000,
            "phase_steps": 10000,
            "phase_levels": 20,
            "phase_seeds": 16,
            "dimensionality_steps": 10000,
            "dimensionality_seeds": 3,
            "bias_steps": 10000,
            "correlation_steps": 10000,
            "absolute_value_steps": 20000,
            "adversarial_steps": 10000,
            "adversarial_levels": 16,
            "dynamics_steps": 16000,
        },
    },
}
