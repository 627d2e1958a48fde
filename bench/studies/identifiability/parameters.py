"""What the study varies, one thing at a time; the assumptions and how each is broken; the presets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from bench.study import Point
from toymodels.latents.clustered import CLUSTER_SHAPES

Objective = Literal["classification", "instance-discrimination", "info-nce", "regression", "autoencoder", "untrained"]
OBJECTIVES: dict[str, str] = {
    "classification": "cross-entropy of cluster labels",
    "instance-discrimination": "DIET: every sample is a class",
    "info-nce": "contrastive: positive pairs",
    "regression": "noisy linear functions of the latents",
    "autoencoder": "control: reconstruction",
    "untrained": "control: random weights",
}

Name = Literal[
    "all-hold",
    "gaussian-prior",
    "sparse-prior",
    "uneven-classes",
    "laplace-prior",
    "heteroscedastic-prior",
    "label-noise",
    "flat-centres",
    "few-classes",
    "few-samples",
    "narrow",
    "linear-encoder",
    "folded",
]

PRIORS = (*CLUSTER_SHAPES, "sparse")
"""In the order of their codes in compiled programs."""


@dataclass(frozen=True)
class Assumption:
    """One departure from the base setting: what it changes, and whether theory's conclusion survives it."""

    text: str
    holds: bool
    changes: Callable[["Fixed", int], dict[str, Any]]


def _prior(name: str) -> Callable[["Fixed", int], dict[str, Any]]:
    return lambda fixed, n_latents: {"prior": PRIORS.index(name)}


ASSUMPTIONS: dict[str, Assumption] = {
    "all-hold": Assumption("von Mises-Fisher clusters on the sphere, all assumptions hold", True, lambda f, n: {}),
    "gaussian-prior": Assumption(
        "Gaussian clusters, off the sphere: log-posteriors stay linear", True, _prior("gaussian")
    ),
    "sparse-prior": Assumption("sparse latents, classes drawn from their softmax", True, _prior("sparse")),
    "uneven-classes": Assumption(
        "frequency of class k proportional to 1 / k: a bias can say it", True, lambda f, n: {"class_exponent": 1.0}
    ),
    "laplace-prior": Assumption("Laplace clusters: log-posteriors have kinks", False, _prior("laplace")),
    "heteroscedastic-prior": Assumption(
        "Gaussian clusters, each with variances of its own: log-posteriors are quadratic",
        False,
        _prior("heteroscedastic"),
    ),
    "label-noise": Assumption("half of the labels random", False, lambda f, n: {"label_noise": 0.5}),
    "flat-centres": Assumption(
        "cluster centres in half of the dimensions: they do not span", False, lambda f, n: {"centre_dims": n // 2}
    ),
    "few-classes": Assumption(
        "N / 2 classes: their centres do not span", False, lambda f, n: {"n_classes": max(2, n // 2)}
    ),
    "few-samples": Assumption(
        "a hundredth of the training samples", False, lambda f, n: {"n_samples": max(1, f.base_n_samples // 100)}
    ),
    "narrow": Assumption("a representation of N / 2 dimensions", False, lambda f, n: {"n_dims": n // 2}),
    "linear-encoder": Assumption("a linear encoder, which cannot invert g", False, lambda f, n: {"encoder_slope": 1.0}),
    "folded": Assumption(
        "g is not injective: half of the latents lose their sign", False, lambda f, n: {"n_folded": n // 2}
    ),
}
assert tuple(ASSUMPTIONS) == get_args(Name)

Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Axes; each is varied by itself, the others at their base values."""

    objective: tuple[Objective, ...]
    n_latents: tuple[Annotated[int, Meta(ge=4, le=1000)], ...]
    assumption: tuple[Name, ...]
    depth: tuple[Annotated[int, Meta(ge=0, le=100)], ...]
    condition_number: tuple[Annotated[float, Meta(ge=1)], ...]
    n_classes: tuple[Annotated[int, Meta(ge=2, le=100_000)], ...]
    n_samples: tuple[Count, ...]
    undersampling: tuple[Annotated[float, Meta(gt=0, le=1)], ...]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base setting, the most that there can be of what is traced, and how networks train."""

    base_n_latents: Annotated[int, Meta(ge=4, le=1000)]
    base_depth: Annotated[int, Meta(ge=0, le=100)]
    base_condition_number: Annotated[float, Meta(ge=1)]
    """Of each of the generator's weight matrices."""
    base_n_classes: Annotated[int, Meta(ge=2, le=100_000)]
    base_n_samples: Count
    most_layers: Annotated[int, Meta(ge=1, le=100)]
    most_classes: Annotated[int, Meta(ge=2, le=100_000)]
    most_samples: Count
    n_instances: Annotated[int, Meta(ge=2, le=100_000)]
    """Samples of instance discrimination, each seen under von Mises-Fisher augmentations."""
    generator_slope: Annotated[float, Meta(gt=0, le=1)]
    concentration: Annotated[float, Meta(gt=0)]
    density: Annotated[float, Meta(gt=0, le=1)]
    """Of the sparse prior."""
    target_noise: Annotated[float, Meta(ge=0)]
    n_hidden: Count
    n_hidden_layers: Annotated[int, Meta(ge=0, le=20)]
    n_steps: Count
    batch_size: Count
    learning_rate: Annotated[float, Meta(gt=0)]
    n_eval: Annotated[int, Meta(ge=20, le=1_000_000)]
    """Fresh samples on which everything is measured, and as many again to learn dictionaries from."""
    n_permutations: Count
    """Random orders of the samples over which the chance level of the MCC is averaged."""


BASE_OBJECTIVE, BASE_ASSUMPTION, BASE_UNDERSAMPLING = "classification", "all-hold", 1.0


def base_point(fixed: Fixed) -> Point:
    """The setting from which each axis departs by itself."""
    return {
        "objective": BASE_OBJECTIVE,
        "n_latents": fixed.base_n_latents,
        "assumption": BASE_ASSUMPTION,
        "depth": fixed.base_depth,
        "condition_number": fixed.base_condition_number,
        "n_classes": fixed.base_n_classes,
        "n_samples": fixed.base_n_samples,
        "undersampling": BASE_UNDERSAMPLING,
    }


def numbers(fixed: Fixed, point: Point) -> dict[str, Any]:
    """What a world is made from, in numbers: the point's values, changed by the assumption it breaks."""
    n_latents = int(point["n_latents"])
    settings = {
        "n_classes": int(point["n_classes"]),
        "n_samples": int(point["n_samples"]),
        "n_dims": n_dims_of(float(point["undersampling"]), n_latents),
        "prior": 0,
        "density": fixed.density,
        "n_folded": 0,
        "centre_dims": n_latents,
        "class_exponent": 0.0,
        "label_noise": 0.0,
        "encoder_slope": 0.2,
    }
    return settings | ASSUMPTIONS[str(point["assumption"])].changes(fixed, n_latents)


def n_dims_of(undersampling: float, n_latents: int) -> int:
    """M = delta N, rounded, and at least 1."""
    return max(1, round(undersampling * n_latents))


_FIXED = {
    "base_n_latents": 10,
    "base_depth": 3,
    "base_condition_number": 1.5,
    "base_n_classes": 100,
    "base_n_samples": 60_000,
    "most_layers": 6,
    "most_classes": 200,
    "most_samples": 60_000,
    "n_instances": 500,
    "generator_slope": 0.3,
    "concentration": 10.0,
    "density": 0.2,
    "target_noise": 0.1,
    "n_hidden": 128,
    "n_hidden_layers": 2,
    "n_steps": 6000,
    "batch_size": 256,
    "learning_rate": 0.01,
    "n_eval": 2000,
    "n_permutations": 4,
}

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 4,
        "precision": "float32",
        "chunk_size": 30,
        "methods": ["representation", "fast-ica"],
        "grid": {
            "objective": ["classification", "autoencoder"],
            "n_latents": [5],
            "assumption": list(ASSUMPTIONS),
            "depth": [3],
            "condition_number": [1.5],
            "n_classes": [50],
            "n_samples": [20_000],
            "undersampling": [1.0],
        },
        "fixed": {
            **_FIXED,
            "base_n_latents": 5,
            "base_n_classes": 50,
            "base_n_samples": 20_000,
            "most_layers": 3,
            "most_classes": 50,
            "most_samples": 20_000,
            "n_hidden": 64,
            "n_steps": 1500,
            "batch_size": 128,
            "n_eval": 1000,
        },
    },
    "full": {
        "seed": 0,
        "trials": 4,
        "precision": "float32",
        "chunk_size": 12,
        "grid": {
            "objective": list(OBJECTIVES),
            "n_latents": [5, 10, 20],
            "assumption": list(ASSUMPTIONS),
            "depth": [1, 3, 6],
            "condition_number": [1.5, 3.0, 6.0],
            "n_classes": [3, 6, 11, 30, 100, 200],
            "n_samples": [500, 5000, 60_000],
            "undersampling": [0.3, 0.5, 0.8, 1.0],
        },
        "fixed": _FIXED,
    },
}
