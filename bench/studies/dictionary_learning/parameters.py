"""What the study varies, what it holds fixed, and the presets."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Fraction = Annotated[float, Meta(gt=0, le=1)]


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Axes of the phase diagram, in ratios that keep their meaning as N grows."""

    n_latents: tuple[Annotated[int, Meta(ge=2, le=20_000)], ...]
    undersampling: tuple[Fraction, ...]
    """M / N."""
    samples_per_latent: tuple[Annotated[float, Meta(gt=0, le=10_000)], ...]
    """P / N."""
    code_sign: tuple[Literal["signed", "nonnegative"], ...]
    density: tuple[Fraction, ...]
    """K / N: exactly K latents are active in every sample."""
    noise_std: tuple[Annotated[float, Meta(ge=0)], ...]
    """In units of the root mean square of a noise-free observed coordinate."""


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Amplitudes, where the second start lies, and by what criterion dictionaries are compared."""

    magnitude: Literal["uniform", "gaussian", "exponential", "laplace", "spike"]
    """Of active latents; made positive for non-negative codes."""
    near_cosine: Annotated[float, Meta(ge=0, lt=1)]
    """Cosine of each atom of the second start with its true one; 0 leaves the second start out."""
    penalty: Annotated[float, Meta(gt=0)]
    """Of the l1 objective by which a learned dictionary is held against the true one, on observations of unit root
    mean square norm."""
    training_steps: Annotated[int, Meta(ge=1, le=1_000_000)]
    """Of learners that are trained by gradient descent."""


def n_dims_of(n_latents: int, undersampling: float) -> int:
    """M = delta N, rounded."""
    return round(undersampling * n_latents)


def n_samples_of(n_latents: int, samples_per_latent: float) -> int:
    """P, rounded."""
    return max(1, round(samples_per_latent * n_latents))


def n_active_of(n_latents: int, density: float) -> int:
    """K = eps N, rounded, at least 1."""
    return max(1, round(density * n_latents))


_FIXED = {"magnitude": "uniform", "near_cosine": 0.8, "penalty": 0.02, "training_steps": 2000}

PRESETS = {
    "quick": {
        "seed": 0,
        "trials": 4,
        "precision": "float32",
        "chunk_size": 4,
        "methods": ["alternating-mod", "topk-sae"],
        "grid": {
            "n_latents": [40],
            "undersampling": [0.5],
            "samples_per_latent": [1.0, 2.0, 4.0, 8.0, 16.0],
            "code_sign": ["nonnegative"],
            "density": [0.05, 0.1, 0.15, 0.2],
            "noise_std": [0.0],
        },
        "fixed": _FIXED,
    },
    "full": {
        "seed": 0,
        "trials": 5,
        "precision": "float32",
        "chunk_size": 1,
        "methods": [
            "alternating-mod",
            "bilinear-amp",
            "mod",
            "ksvd",
            "online-dictionary-learning",
            "softplus-adam",
            "topk-sae",
            "matching-pursuit-sae",
            "unrelated",
        ],
        "grid": {
            "n_latents": [32, 64],
            "undersampling": [0.5],
            "samples_per_latent": [1.5, 2.5, 4.0, 6.0, 10.0, 16.0],
            "code_sign": ["nonnegative"],
            "density": [0.0625, 0.125, 0.1875],
            "noise_std": [0.0, 0.1],
        },
        "fixed": _FIXED,
    },
}
