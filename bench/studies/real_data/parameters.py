"""What the study looks at, what it holds fixed, and the presets."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

Source = Literal["classifier", "autoencoder", "place-classifier", "place-autoencoder", "photographs"]

SOURCES: dict[str, str] = {
    "classifier": "hidden layer of a network trained to name handwritten digits",
    "autoencoder": "hidden layer of a network trained to reconstruct handwritten digits",
    "place-classifier": "hidden layer of a network trained to tell which fifth of which photograph a patch is from",
    "place-autoencoder": "hidden layer of a network trained to reconstruct patches of the photographs",
    "photographs": "whitened patches of two photographs, and of the same photographs with random phases",
}


@dataclass(frozen=True)
class Network:
    """Which images it is trained on, and whether to name their classes (or to reconstruct them)."""

    images: Literal["digits", "places"]
    names_classes: bool


NETWORKS: dict[str, Network] = {
    "classifier": Network("digits", names_classes=True),
    "autoencoder": Network("digits", names_classes=False),
    "place-classifier": Network("places", names_classes=True),
    "place-autoencoder": Network("places", names_classes=False),
}

Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is decomposed."""

    source: tuple[Source, ...]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes of networks, dictionaries and samples."""

    n_hidden: Count
    """Width of the networks' wide layers."""
    n_dims: Annotated[int, Meta(ge=2, le=1000)]
    """Width of the representation that is decomposed."""
    n_atoms: Annotated[int, Meta(ge=2, le=10_000)]
    """Atoms of the representation's dictionary."""
    n_active: Annotated[float, Meta(gt=0)]
    """Active codes per sample, told to learners that ask for it."""
    network_steps: Count
    learner_steps: Count
    """Steps of the autoencoders among the learners."""
    learner_rounds: Count
    """Rounds of the learners that alternate between codes and dictionary."""
    penalty_fraction: Annotated[float, Meta(gt=0, lt=1)]
    """Penalty of the lasso that reads codes, as a fraction of each sample's lambda_max."""
    n_train: Annotated[int, Meta(ge=10, le=160)]
    """Images of each class that network, learner and probe see."""
    n_test: Annotated[int, Meta(ge=2, le=160)]
    """Images of each class that are judged."""
    probe_penalty: Annotated[float, Meta(gt=0)]
    patch_side: Annotated[int, Meta(ge=6, le=32)]
    """Pixels along a patch."""
    patch_atoms: Annotated[int, Meta(ge=2, le=10_000)]
    n_patches: Annotated[int, Meta(ge=100, le=1_000_000)]
    """Patches from which a dictionary is learned; a quarter as many others are judged."""


_FIXED = {
    "n_hidden": 64,
    "n_dims": 16,
    "n_atoms": 48,
    "n_active": 4.0,
    "network_steps": 1500,
    "learner_steps": 1000,
    "learner_rounds": 30,
    "penalty_fraction": 0.1,
    "n_train": 110,
    "n_test": 40,
    "probe_penalty": 0.01,
    "patch_side": 10,
    "patch_atoms": 64,
    "n_patches": 2000,
}

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 5,
        "precision": "float32",
        "chunk_size": 5,
        "methods": ["raw", "pca", "alternating-mod", "topk-sae", "unrelated"],
        "grid": {"source": ["autoencoder", "place-classifier", "photographs"]},
        "fixed": _FIXED,
    },
    "full": {
        "seed": 0,
        "trials": 10,
        "precision": "float32",
        "chunk_size": 10,
        "methods": ["raw", "pca", "fast-ica", "alternating-mod", "topk-sae", "batch-topk-sae", "unrelated"],
        "grid": {"source": list(get_args(Source))},
        "fixed": {
            **_FIXED,
            "network_steps": 4000,
            "learner_steps": 4000,
            "learner_rounds": 50,
            "patch_side": 12,
            "patch_atoms": 100,
            "n_patches": 5000,
        },
    },
}
