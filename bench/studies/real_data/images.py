"""The images that come inside scikit-learn, and what is done to them before anything is learned."""

import functools
import importlib.util
from typing import Any

import numpy as np

from bench.errors import UserError

N_PER_DIGIT = 174
"""Images of the rarest digit: so many of each are used."""
SIDE = 8
"""Pixels along a digit."""

_CUTOFF = 0.4


def require() -> None:
    """Raises UserError where scikit-learn, or what it reads photographs with, is not installed."""
    for module, package in (("sklearn", "scikit-learn"), ("PIL", "pillow")):
        if importlib.util.find_spec(module) is None:
            raise UserError(
                f"study real-data needs {package}, which brings the images: pip install 'superposed[real-data]'"
            )


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits as pixels [n_images 64] from 0 to 1, and the places of N_PER_DIGIT of each digit [10 n]."""
    from sklearn.datasets import load_digits

    pixels, labels = map(np.asarray, load_digits(return_X_y=True))
    members = np.stack([np.flatnonzero(labels == digit)[:N_PER_DIGIT] for digit in range(10)])
    return pixels.astype(np.float32) / 16, members


@functools.cache
def photographs() -> np.ndarray:
    """Two photographs [2 height width] in grey at half their resolution, whitened as Olshausen & Field (1997) do.

    Halved, because they were compressed in blocks of 8 pixels. Logarithms of brightness; then the filter
    f exp(-(f / 0.4)^4), f in cycles per pixel, evens out a spectrum that falls as 1 / f^2 and cuts its corners. Each
    has variance 1.
    """
    from sklearn.datasets import load_sample_images

    found: Any = load_sample_images()
    grey = [_halved(image.astype(float).mean(axis=2)) for image in found.images]
    return np.stack([_whitened(np.log1p(image)) for image in grey])


@functools.cache
def scrambled(seed: int) -> np.ndarray:
    """The whitened photographs with the phases of Gaussian noise: the same spectra, and nothing else of them."""
    rng = np.random.default_rng(seed)
    images = photographs()
    phases = np.exp(1j * np.angle(np.fft.fft2(rng.standard_normal(images.shape))))
    return _unit_variance(np.real(np.fft.ifft2(np.abs(np.fft.fft2(images)) * phases)))


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
