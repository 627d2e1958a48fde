"""What the audit varies, what it holds fixed, and the presets."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Condition = Literal["same", "relabelled", "noisy", "rotated", "dead", "unrelated", "split", "merged"]

CONDITIONS: dict[str, str] = {
    "same": "the true codes and dictionary",
    "relabelled": "the truth in another order and at other scales",
    "noisy": "the true codes with noise, negative values cut off; atoms with noise",
    "rotated": "the true codes and dictionary turned by a random rotation of the latents",
    "dead": "the truth, but every second atom is silent and points anywhere",
    "unrelated": "other codes of the same kind and an unrelated dictionary",
    "split": "every latent has two atoms, each active on a random half of its samples",
    "merged": "every two latents share an atom",
}
"""In the order of their codes in compiled programs; those from "split" on have another number of atoms."""

TRUTH = "same"
"""The condition to whose points learners are fitted."""


def described(condition: str) -> str:
    """What an estimate is; one that is no condition is named for its learner."""
    return CONDITIONS.get(condition, "what this learner made of the observations alone")


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Axes of the audit."""

    n_latents: tuple[Annotated[int, Meta(ge=4, le=2000, multiple_of=2)], ...]
    n_samples: tuple[Annotated[int, Meta(ge=16, le=100_000)], ...]
    condition: tuple[Condition, ...]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kind of codes, and how strong the faults are."""

    undersampling: Annotated[float, Meta(gt=0, le=1)]
    density: Annotated[float, Meta(gt=0, le=1)]
    noise_ratio: Annotated[float, Meta(ge=0)]
    """Standard deviation of the noise in "noisy", in units of the root mean square of codes or atoms' entries."""
    activity_threshold: Annotated[float, Meta(ge=0)]
    """An estimated latent counts as active above this magnitude (amplitudes are standard normal)."""
    n_shuffles: Annotated[int, Meta(ge=1, le=1000)]
    """Random orders of the samples, with unrelated dictionaries, over which the chance level is averaged."""


_FIXED = {
    "undersampling": 0.5,
    "density": 0.1,
    "noise_ratio": 0.5,
    "activity_threshold": 0.1,
    "n_shuffles": 2,
}

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 10,
        "precision": "float32",
        "chunk_size": 5,
        "grid": {"n_latents": [32], "n_samples": [40, 400], "condition": list(CONDITIONS)},
        "fixed": _FIXED,
    },
    "full": {
        "seed": 0,
        "trials": 20,
        "precision": "float32",
        "chunk_size": 5,
        "grid": {"n_latents": [16, 64, 128], "n_samples": [30, 100, 300, 1000], "condition": list(CONDITIONS)},
        "fixed": {**_FIXED, "n_shuffles": 5},
    },
}
