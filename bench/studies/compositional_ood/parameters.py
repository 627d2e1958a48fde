"""What the study varies, what it holds fixed, the presets, and the published figures."""

from importlib import resources
from math import ceil, log
from typing import Annotated

import msgspec
import pandas as pd
from msgspec import Meta


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Axes of the study."""

    n_latents: tuple[Annotated[int, Meta(ge=3, le=20_000)], ...]
    n_active: tuple[Annotated[int, Meta(ge=1, le=1000)], ...]
    n_samples: tuple[Annotated[int, Meta(ge=8, le=1_000_000)], ...]
    """Samples in all: one half to learn from, the other to be judged on."""


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long is trained, and how the label is read."""

    training_steps: Annotated[int, Meta(ge=1, le=1_000_000)]
    """Steps of autoencoders and of softplus-Adam; the published ones took about 20,000 and 50,000."""
    label_threshold: Annotated[float, Meta(ge=0, lt=1)]
    """The label is whether latent 0 is above this."""
    penalty: Annotated[float, Meta(gt=0)]
    """Of FISTA with the true dictionary, DL-FISTA and softplus-Adam, for amplitudes up to 1 and atoms of unit norm."""


def n_dims_of(n_latents: int, n_active: int) -> int:
    """M = ceil(2 K ln(N / K))."""
    return max(1, ceil(2 * n_active * log(n_latents / n_active)))


_FIXED = {"training_steps": 3000, "label_threshold": 0.5, "penalty": 0.1}

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 2,
        "precision": "float32",
        "chunk_size": 1,
        "grid": {"n_latents": [50], "n_active": [10], "n_samples": [2000]},
        "fixed": {**_FIXED, "training_steps": 500},
    },
    "full": {
        "seed": 0,
        "trials": 3,
        "precision": "float32",
        "chunk_size": 1,
        "grid": {"n_latents": [100, 500], "n_active": [10], "n_samples": [5000]},
        "fixed": _FIXED,
    },
}

SCORES = ("acc", "auc", "mcc")
SPLITS = ("iid", "ood")

PUBLISHED_NAMES = {
    "linear_probe": "linear-probe",
    "sae_relu": "relu-sae",
    "sae_topk": "topk-sae",
    "sae_jumprelu": "jump-relu-sae",
    "sae_MP": "matching-pursuit-sae",
    "softplus_adam": "softplus-adam",
    "dl_fista": "dl-fista",
    "fista_oracle": "fista-oracle",
}


def published() -> pd.DataFrame:
    """The published means and standard deviations over 3 seeds, under this study's names.

    The results that accompany Barin Pacela, Joshi, Camacho, Lacoste-Julien & Klindt 2026 (arXiv 2603.28744), from the
    public repository shrutij01/compositional-sparse-ood (MIT licence). Columns: method, n_latents, n_active, n_dims,
    n_samples, and for each score and split, say acc_iid, its `_mean` and `_std`.
    """
    folder = resources.files("bench.studies.compositional_ood")
    tables = []
    for name in ("published_by_latents.csv", "published_by_samples.csv"):
        with folder.joinpath(name).open() as file:
            tables.append(pd.read_csv(file))
    names = {"num_latents": "n_latents", "k": "n_active", "input_dim": "n_dims"}
    table = pd.concat(tables, ignore_index=True).rename(columns=names)
    table = table.assign(method=table["method"].map(PUBLISHED_NAMES))
    # The two sweeps share cells, which were computed once.
    return table.drop_duplicates(["method", "n_latents", "n_active", "n_samples"], ignore_index=True)
