"""What the study varies and holds fixed, the world's settings, and the presets."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bench.studies.identifiability import parameters as identifiability

Objective = Literal["classification", "regression"]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]

STAGES = {
    "linear-known": "the best linear map of the latents in place of the network, which is told to a sparse coder",
    "linear-blind": "the same observations, from which a learner has to find the map",
    "network-estimated": "the network's representation, read with the best linear map",
    "network-blind": "the network's representation alone: a learner finds the map and the codes",
}
"""What stands between truth and estimate, from the least to the most."""


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Axes of the study."""

    objective: tuple[Objective, ...]
    n_dims: tuple[Annotated[int, Meta(ge=1, le=1000)], ...]
    density: tuple[Annotated[float, Meta(gt=0, le=1)], ...]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The world, the network and its training, and how codes are read."""

    n_latents: Annotated[int, Meta(ge=4, le=1000)]
    depth: Annotated[int, Meta(ge=1, le=100)]
    condition_number: Annotated[float, Meta(ge=1)]
    generator_slope: Annotated[float, Meta(gt=0, le=1)]
    n_classes: Annotated[int, Meta(ge=2, le=100_000)]
    concentration: Annotated[float, Meta(gt=0)]
    target_noise: Annotated[float, Meta(ge=0)]
    n_samples: Count
    n_hidden: Count
    n_hidden_layers: Annotated[int, Meta(ge=0, le=20)]
    n_steps: Count
    batch_size: Count
    learning_rate: Annotated[float, Meta(gt=0)]
    n_eval: Annotated[int, Meta(ge=20, le=1_000_000)]
    """Fresh samples to be decoded, and as many again to learn from."""
    penalty_fraction: Annotated[float, Meta(gt=0, lt=1)]
    """The lasso's penalty, of each sample's lambda_max."""
    n_permutations: Count


def network_of(fixed: Fixed) -> identifiability.Fixed:
    """The same settings as the identifiability study has them."""
    return identifiability.Fixed(
        base_n_latents=fixed.n_latents,
        base_depth=fixed.depth,
        base_condition_number=fixed.condition_number,
        base_n_classes=fixed.n_classes,
        base_n_samples=fixed.n_samples,
        most_layers=fixed.depth,
        most_classes=fixed.n_classes,
        most_samples=fixed.n_samples,
        n_instances=2,
        generator_slope=fixed.generator_slope,
        concentration=fixed.concentration,
        density=1.0,
        target_noise=fixed.target_noise,
        n_hidden=fixed.n_hidden,
        n_hidden_layers=fixed.n_hidden_layers,
        n_steps=fixed.n_steps,
        batch_size=fixed.batch_size,
        learning_rate=fixed.learning_rate,
        n_eval=fixed.n_eval,
        n_permutations=fixed.n_permutations,
    )


def settings_of(fixed: Fixed, n_dims: int, density: Any) -> dict[str, Any]:
    """The numbers of a world of sparse latents whose network is n_dims wide."""
    network = network_of(fixed)
    point = {**identifiability.base_point(network), "assumption": "sparse-prior"}
    base = {name: point[name] for name in ("depth", "condition_number")}
    return {**base, **identifiability.numbers(network, point), "n_dims": n_dims, "density": density}


_FIXED = {
    "n_latents": 10,
    "depth": 3,
    "condition_number": 1.5,
    "generator_slope": 0.3,
    "n_classes": 100,
    "concentration": 10.0,
    "target_noise": 0.1,
    "n_samples": 60_000,
    "n_hidden": 128,
    "n_hidden_layers": 2,
    "n_steps": 8000,
    "batch_size": 256,
    "learning_rate": 0.01,
    "n_eval": 2000,
    "penalty_fraction": 0.05,
    "n_permutations": 4,
}

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 3,
        "precision": "float32",
        "chunk_size": 12,
        "methods": ["linear-known", "network-estimated", "network-blind"],
        "grid": {"objective": ["classification", "regression"], "n_dims": [7], "density": [0.1, 0.2]},
        "fixed": {
            **_FIXED,
            "n_samples": 20_000,
            "n_hidden": 64,
            "n_steps": 2000,
            "batch_size": 128,
            "n_eval": 1000,
        },
    },
    "full": {
        "seed": 0,
        "trials": 4,
        "precision": "float32",
        "chunk_size": 12,
        "grid": {"objective": ["classification", "regression"], "n_dims": [5, 7], "density": [0.05, 0.1, 0.2]},
        "fixed": _FIXED,
    },
}
