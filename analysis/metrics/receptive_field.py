"""What atoms of image patches look like: how localised, how oriented, and how much like a Gabor function."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_N_ORIENTATIONS = 8
_N_FREQUENCIES = 4
_SCALES = (0.12, 0.25)
_LEAST_FREQUENCY, _LARGEST_FREQUENCY = 0.04, 0.5
_LEAST_WIDTH = 0.8
_STEP = 0.05


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class GaborFit:
    """The Gabor function nearest to each atom.

    `r2` is the share of the atom's energy that it explains, in [0, 1]. `row`, `column` are its middle in pixels,
    `frequency` is in cycles per pixel, `orientation` the direction of its wave in [0, pi), from the direction of
    columns to that of rows. `across` and `along` are the standard deviations of the envelope, in pixels, in the
    direction of the wave and at right angles to it.
    """

    r2: Float[Array, " n_atoms"]
    row: Float[Array, " n_atoms"]
    column: Float[Array, " n_atoms"]
    frequency: Float[Array, " n_atoms"]
    orientation: Float[Array, " n_atoms"]
    across: Float[Array, " n_atoms"]
    along: Float[Array, " n_atoms"]


def area_fraction(atoms: Float[Array, "n_atoms height width"]) -> Float[Array, " n_atoms"]:
    """(sum a^2)^2 / (n_pixels sum a^4): the share of the patch on which an atom's energy lies.

    In (0, 1]: 1 / n_pixels for a single pixel, 1 for equal magnitudes everywhere, 2/3 for a grating and 1/3 for
    Gaussian noise, both for many pixels. Invariant to sign, scale and the order of pixels. nan for an atom of zero.
    """
    squares = jnp.reshape(atoms, (atoms.shape[0], -1)) ** 2
    squares = squares / jnp.max(squares, axis=1, keepdims=True)
    return jnp.sum(squares, axis=1) ** 2 / (squares.shape[1] * jnp.sum(squares**2, axis=1))


def orientation_selectivity(atoms: Float[Array, "n_atoms height width"]) -> Float[Array, " n_atoms"]:
    """|sum_f S(f) exp(2 i angle(f))| / sum_f S(f), S an atom's power spectrum at frequencies f != 0 up to 1/2.

    In [0, 1]: 1 for a grating, 0 for a round atom; 1 minus the circular variance of orientation [Ringach2002], here of
    the spectrum. Invariant to sign, scale and shifts. nan for a constant atom.
    """
    _, height, width = atoms.shape
    n = 2 * max(height, width)
    power = jnp.abs(jnp.fft.fft2(atoms, s=(n, n))) ** 2
    down, across = jnp.meshgrid(jnp.fft.fftfreq(n), jnp.fft.fftfreq(n), indexing="ij")
    radius = jnp.hypot(down, across)
    power = jnp.where(((radius > 0) & (radius <= 0.5))[None], power, 0)
    angle = jnp.exp(2j * jnp.arctan2(down, across))
    return jnp.abs(jnp.sum(power * angle[None], axis=(1, 2))) / jnp.sum(power, axis=(1, 2))


def fit_gabor(atoms: Float[Array, "n_atoms height width"], *, n_steps: int = 150) -> GaborFit:
    """Least-squares fit of a Gabor function to each atom [Jones1987].

    A Gabor function is exp(-u^2 / (2 across^2) - v^2 / (2 along^2)) (a cos(2 pi f u) + b sin(2 pi f u)), u along the
    wave and v at right angles to it, measured from the middle. a and b are solved for in every step; the other six
    begin at the best of a grid of frequencies, orientations and widths around the centre of the atom's energy, and take
    `n_steps` of Adam within bounds: the middle in the patch, f from .04 to .5 cycles per pixel, widths from .8 pixels
    to half the patch's side. The optimum found may be a local one, and r2 so a lower bound. Chance is well above 0
    (8 numbers for the pixels of a patch): fit random atoms as well.
    """
    _, height, width = atoms.shape
    norm: Array = jnp.linalg.norm(atoms, axis=(1, 2), keepdims=True)
    unit = atoms / jnp.where(norm > 0, norm, 1)
    found, r2 = jax.vmap(lambda atom: _fit_one(atom, n_steps))(unit)
    row, column, frequency, orientation, across, along = jnp.moveaxis(_bounded(found, height, width), -1, 0)
    return GaborFit(
        jnp.where(norm[:, 0, 0] > 0, r2, jnp.nan), row, column, frequency, orientation % jnp.pi, across, along
    )


def _fit_one(atom: Float[Array, "height width"], n_steps: int) -> tuple[Float[Array, "6"], Float[Array, ""]]:
    starts = _starts(atom)
    explained = jax.vmap(lambda parameters: _explained(parameters, atom))
    best = starts[jnp.argmax(explained(starts))]
    slope = jax.value_and_grad(lambda parameters: -_explained(parameters, atom))

    def step(state: tuple[Array, ...], count: Array) -> tuple[tuple[Array, ...], None]:
        now, first, second, kept, least = state
        value, gradient = slope(now)
        kept = jnp.where(value < least, now, kept)
        first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient**2
        rate = _STEP * (1 - count / n_steps)
        size = jnp.sqrt(second / (1 - 0.99 ** (count + 1))) + 1e-8
        return (
            now - rate * first / (1 - 0.9 ** (count + 1)) / size,
            first,
            second,
            kept,
            jnp.minimum(value, least),
        ), None

    zero = jnp.zeros_like(best)
    counts = jnp.arange(n_steps, dtype=atom.dtype)
    start = (best, zero, zero, best, jnp.asarray(jnp.inf, atom.dtype))
    (last, _, _, kept, least), _ = jax.lax.scan(step, start, counts)
    final = _explained(last, atom)
    return jnp.where(final > -least, last, kept), jnp.maximum(final, -least)


def _explained(parameters: Float[Array, "6"], atom: Float[Array, "height width"]) -> Float[Array, ""]:
    """The share of a unit atom's energy in the plane of the even and the odd Gabor function."""
    height, width = atom.shape
    row, column, frequency, orientation, across, along = _bounded(parameters, height, width)
    down = jnp.arange(height, dtype=atom.dtype)[:, None] - row
    right = jnp.arange(width, dtype=atom.dtype)[None, :] - column
    u = right * jnp.cos(orientation) + down * jnp.sin(orientation)
    v = down * jnp.cos(orientation) - right * jnp.sin(orientation)
    envelope = jnp.exp(-0.5 * (u / across) ** 2 - 0.5 * (v / along) ** 2)
    even, odd = envelope * jnp.cos(2 * jnp.pi * frequency * u), envelope * jnp.sin(2 * jnp.pi * frequency * u)
    ee, oo, eo = jnp.sum(even**2), jnp.sum(odd**2), jnp.sum(even * odd)
    e, o = jnp.sum(even * atom), jnp.sum(odd * atom)
    # Where one of both all but vanishes on the pixels, the ridge leaves the other alone.
    ridge = 1e-5 * (ee + oo)
    ee, oo = ee + ridge, oo + ridge
    return (oo * e**2 - 2 * eo * e * o + ee * o**2) / (ee * oo - eo**2)


def _bounded(parameters: Float[Array, "*s 6"], height: int, width: int) -> Float[Array, "*s 6"]:
    """Row, column, frequency, orientation and both widths from unbounded numbers."""
    share = jax.nn.sigmoid(parameters)
    most = max(height, width) / 2

    def between(place: int, low: float, high: float) -> Array:
        return low + (high - low) * share[..., place]

    return jnp.stack(
        [
            between(0, 0.0, height - 1.0),
            between(1, 0.0, width - 1.0),
            between(2, _LEAST_FREQUENCY, _LARGEST_FREQUENCY),
            parameters[..., 3],
            between(4, _LEAST_WIDTH, most),
            between(5, _LEAST_WIDTH, most),
        ],
        axis=-1,
    )


def _starts(atom: Float[Array, "height width"]) -> Float[Array, "n_starts 6"]:
    """Unbounded numbers of a grid of Gabor functions around the centre of the energy of the atom."""
    height, width = atom.shape
    energy = atom**4
    energy = energy / jnp.maximum(jnp.sum(energy), jnp.finfo(atom.dtype).tiny)
    row = jnp.sum(energy * jnp.arange(height, dtype=atom.dtype)[:, None]) / (height - 1)
    column = jnp.sum(energy * jnp.arange(width, dtype=atom.dtype)[None, :]) / (width - 1)
    frequency = jnp.linspace(0.12, 0.8, _N_FREQUENCIES, dtype=atom.dtype)
    orientation = jnp.arange(_N_ORIENTATIONS, dtype=atom.dtype) * (jnp.pi / _N_ORIENTATIONS)
    scale = jnp.asarray(_SCALES, atom.dtype)
    f, t, s = (one.ravel() for one in jnp.meshgrid(frequency, orientation, scale, indexing="ij"))

    def free(share: Array) -> Array:
        share = jnp.clip(share, 0.02, 0.98)
        return jnp.log(share) - jnp.log1p(-share)

    middle = [jnp.full_like(f, free(row)), jnp.full_like(f, free(column))]
    return jnp.stack([*middle, free(f), t, free(s), free(s)], axis=-1)
