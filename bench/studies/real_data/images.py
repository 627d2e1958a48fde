"""The images that come inside scikit-learn, and what is done to them before anything is learned."""

import functools
import importlib.util
from typing import Any, Literal, NamedTuple

import numpy as np

from bench.errors import UserError

N_PER_CLASS = 174
"""Images of the rarest digit: so many of each class are used."""
SIDE = 8
"""Pixels along an image that networks are trained on."""
N_STRIPS = 5
"""Upright strips that a photograph is cut into; each is a class."""

_CUTOFF = 0.4


class Collection(NamedTuple):
    """Images of ten classes, and what lies beyond their edges: nothing (0), or their last pixels."""

    pixels: np.ndarray
    """From 0 to 1 [n_images SIDE^2]."""
    members: np.ndarray
    """Places of each class's images [10 N_PER_CLASS]."""
    names: tuple[str, ...]
    beyond: Literal["constant", "nearest"]


def require() -> None:
    """Raises UserError where scikit-learn, or what it reads photographs with, is not installed."""
    for module, package in (("sklearn", "scikit-learn"), ("PIL", "pillow")):
        if importlib.util.find_spec(module) is None:
            raise UserError(
                f"study real-data needs {package}, which brings the images: pip install 'superposed[real-data]'"
            )


def collection(name: str) -> Collection:
    """`digits` or `places`."""
    return {"digits": digits, "places": places}[name]()


@functools.cache
def digits() -> Collection:
    """Handwritten digits."""
    from sklearn.datasets import load_digits

    pixels, labels = map(np.asarray, load_digits(return_X_y=True))
    members = np.stack([np.flatnonzero(labels == digit)[:N_PER_CLASS] for digit in range(10)])
    return Collection(pixels.astype(np.float32) / 16, members, tuple("0123456789"), "constant")


@functools.cache
def places() -> Collection:
    """Patches of the two photographs that share no pixel; their class is the photograph and the strip they lie in."""
    patches, names = [], []
    for name, image in zip(("temple", "flower"), _grey(), strict=True):
        rows, columns = image.shape[0] // SIDE, image.shape[1] // SIDE
        tiles = image[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2)
        strips = np.array_split(np.arange(columns), N_STRIPS)
        patches += [tiles[:, strip].reshape(-1, SIDE**2) for strip in strips]
        names += [f"{name} {place + 1}" for place in range(N_STRIPS)]
    starts = np.cumsum([0, *map(len, patches)])
    rng = np.random.default_rng(0)
    members = [start + rng.permutation(len(part))[:N_PER_CLASS] for start, part in zip(starts, patches, strict=False)]
    pixels = np.concatenate(patches).astype(np.float32) / 255
    return Collection(pixels, np.stack(members), tuple(names), "nearest")


@functools.cache
def photographs() -> np.ndarray:
    """Two photographs [2 height width] in grey at half their resolution, whitened as Olshausen & Field (1997) do.

    Halved, because they were compressed in blocks of 8 pixels. Logarithms of brightness; then the filter
    f exp(-(f / 0.4)^4), f in cycles per pixel, evens out a spectrum that falls as 1 / f^2 and cuts its corners. Each
    has variance 1.
    """
    return np.stack([_whitened(np.log1p(image)) for image in _grey()])


@functools.cache
def scrambled(seed: int) -> np.ndarray:
    """The whitened photographs with the phases of Gaussian noise: the same spectra, and nothing else of them."""
    rng = np.random.default_rng(seed)
    images = photographs()
    phases = np.exp(1j * np.angle(np.fft.fft2(rng.standard_normal(images.shape))))
    return _unit_variance(np.real(np.fft.ifft2(np.abs(np.fft.fft2(images)) * phases)))


def _grey() -> list[np.ndarray]:
    """A temple and a flower, from 0 to 255, at half their resolution."""
    from sklearn.datasets import load_sample_images

    found: Any = load_sample_images()
    return [_halved(image.astype(float).mean(axis=2)) for image in found.images]


def _halved(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[0] // 2, image.shape[1] // 2
    return image[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))


def _whitened(image: np.ndarray) -> np.ndarray:
    down, across = np.meshgrid(np.fft.fftfreq(image.shape[0]), np.fft.fftfreq(image.shape[1]), indexing="ij")
    radius = np.hypot(down, across)
    spectrum = np.fft.fft2(image - image.mean()) * radius * np.exp(-((radius / _CUTOFF) ** 4))
    return _unit_variance(np.real(np.fft.ifft2(spectrum))[None])[0]


def _unit_variance(images: np.ndarray) -> np.ndarray:
    return images / images.std(axis=(1, 2), keepdims=True)
