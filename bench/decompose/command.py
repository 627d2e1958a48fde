"""From a file of activations and a learner's name to codes, dictionary and a summary, or a refusal."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from analysis.metrics import duplicate_atoms
from analysis.theory import minimax_threshold
from bench.activations import Activations, load_activations
from bench.decompose.rows_file import ArrayFormat, open_rows
from bench.errors import UserError
from bench.manifest import environment
from bench.methods import Method, collected_faults, identify, load
from bench.precision import precision as computing_in
from bench.replaced_folder import check_folder, replaced
from bench.store import write_atomically
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.solution import Status

_OURS = {"summary.json", "kept_rows.npy"} | {
    f"{name}.{form}" for name in ("codes", "dictionary", "offset") for form in ("safetensors", "npy")
}
_HELD_OUT, _MOST_HELD_OUT = 0.1, 5000
_LEAST_ROWS = 20
_BLOCK_VALUES = 1 << 22
"""Codes in memory at a time."""


class Settings(msgspec.Struct, frozen=True):
    """How to decompose. `n_atoms` 0: twice the dimensions; `n_active` 0: a tenth of the dimensions."""

    n_atoms: int = 0
    n_active: int = 0
    nonnegative: bool = True
    noise_std: float = 0.0
    max_train: int = 50_000
    form: ArrayFormat = "safetensors"
    precision: str = "float32"
    seed: int = 0


class Summary(msgspec.Struct, frozen=True):
    """What is written to `summary.json`.

    Shares and means are over all rows but `explained_variance`, which is over the rows that the learner did not see:
    1 - sum ||y - D z - offset||^2 / sum ||y - mean||^2, the mean being that of the rows it saw. `density` is the
    share of codes that are not 0; `dead_atoms` never have one that is; `duplicate_atoms` have another atom with a
    |cosine| of .95 or more.
    """

    source: str
    method: str
    method_source: str
    n_samples: int
    n_dims: int
    n_atoms: int
    n_train: int
    n_held_out: int
    explained_variance: float
    density: float
    mean_active: float
    dead_atoms: int
    duplicate_atoms: int
    not_converged: int
    left_out: list[str]
    settings: Settings
    environment: dict[str, Any]


def decompose(
    path: Path,
    method: str,
    settings: Settings,
    *,
    key: str | None = None,
    clean: bool = False,
    results: Path | None = None,
) -> tuple[Summary, Path]:
    """Fit `method` to the activations in `path` and write codes, dictionary, offset and summary; returns the folder.

    y = D z + offset, where the offset is what codes and dictionary leave on average of the rows learned from. Codes
    are computed and written a block of rows at a time, so that memory holds at most `max_train` rows. Raises
    UserError, with nothing written, for files that cannot be used, a method that is no learner or breaks down, and a
    folder that holds something else.
    """
    name, plugin = identify(method)
    learner = load(plugin)
    if learner.kind != "learner":
        raise UserError(f"method {name} is a {learner.kind}: it needs a dictionary; choose a learner (superposed list)")
    folder = results or Path("runs") / f"decompose-{path.stem}-{name}"
    check_folder(folder, ours=_OURS, marker="summary.json", what="decomposition")
    activations = load_activations(path, key=key, clean=clean, least_rows=_LEAST_ROWS)
    settings = _completed(settings, activations)
    split = _split(activations.n_samples, settings)
    with computing_in(settings.precision):
        training = activations.take(np.sort(split.train), settings.precision)
        with collected_faults() as faults:
            fit, offset = _fit(learner, training, settings)
        if faults or int(fit.status) == Status.NON_FINITE:
            raise UserError(faults[0] if faults else f"method {name} gave numbers that are not finite")
        with replaced(folder) as fresh:
            counts = _encode(fresh, fit, offset, activations, split, training.mean(axis=0), settings)
            summary = _summary(activations, learner, plugin.source, fit, counts, split, settings)
            _write_small(fresh, fit, offset, activations, summary)
    return summary, folder


@dataclass(frozen=True, eq=False)
class _Split:
    """Places of the rows learned from, and which rows of the file are held out."""

    train: np.ndarray
    held_out: np.ndarray


@dataclass(eq=False)
class _Counts:
    """Sums over the blocks."""

    uses: np.ndarray
    left: float = 0.0
    spread: float = 0.0
    not_converged: int = 0


def _completed(settings: Settings, activations: Activations) -> Settings:
    n_atoms = settings.n_atoms or 2 * activations.n_dims
    n_active = settings.n_active or max(1, round(0.1 * activations.n_dims))
    n_learned = activations.n_samples - _n_held_out(activations.n_samples)
    if n_learned < n_atoms:
        raise UserError(
            f"{activations.source}: too few rows: {n_learned} to learn from, fewer than the {n_atoms} atoms asked for"
        )
    if not 0 < n_active <= min(n_atoms, activations.n_dims):
        raise UserError(f"n_active is {n_active}; it must be from 1 to {min(n_atoms, activations.n_dims)}")
    return msgspec.structs.replace(settings, n_atoms=n_atoms, n_active=n_active)


def _n_held_out(n_samples: int) -> int:
    return max(1, min(_MOST_HELD_OUT, int(_HELD_OUT * n_samples)))


def _split(n_samples: int, settings: Settings) -> _Split:
    order = np.random.default_rng(settings.seed).permutation(n_samples)
    n_held_out = _n_held_out(n_samples)
    held_out = np.zeros(n_samples, bool)
    held_out[order[:n_held_out]] = True
    n_train = max(settings.max_train, settings.n_atoms)
    return _Split(order[n_held_out : n_held_out + n_train], held_out)


def _fit(learner: Method, training: np.ndarray, settings: Settings) -> tuple[Fit, np.ndarray]:
    """The fit, and the mean of what it leaves of the training rows."""
    built = learner.build(_knowledge(training, settings))
    run = jax.jit(lambda y, key: built.fit(y, n_atoms=settings.n_atoms, key=key))
    fit = jax.block_until_ready(run(jnp.asarray(training), jax.random.key(settings.seed)))
    # A sample of the rows tells the mean well enough: its error is the residual's spread over sqrt(n).
    some = training[: _block_rows(settings)]
    codes = np.asarray(jax.jit(lambda fit, y: fit.encoder(fit.dictionary, y).codes)(fit, some))
    return fit, (some - codes @ np.asarray(fit.dictionary).T).mean(axis=0)


def _knowledge(training: np.ndarray, settings: Settings) -> Knowledge:
    n_dims = training.shape[1]
    norm = float(np.sqrt(np.mean(np.sum(training.astype(np.float64) ** 2, axis=1))))
    return Knowledge(
        n_dims=n_dims,
        n_latents=settings.n_atoms,
        max_active=min(n_dims, settings.n_atoms, 2 * settings.n_active),
        nonnegative=settings.nonnegative,
        n_active=settings.n_active,
        noise_std=settings.noise_std,
        magnitude=norm / settings.n_active**0.5,
        penalty=max(settings.noise_std, 0.02 * norm / settings.n_active**0.5),
        threshold=float(
            minimax_threshold(min(0.99, n_dims / settings.n_atoms), "nonnegative" if settings.nonnegative else "signed")
        ),
    )


def _block_rows(settings: Settings) -> int:
    return max(16, min(8192, _BLOCK_VALUES // settings.n_atoms))


def _encode(
    folder: Path,
    fit: Fit,
    offset: np.ndarray,
    activations: Activations,
    split: _Split,
    mean: np.ndarray,
    settings: Settings,
) -> _Counts:
    shape = (activations.n_samples, settings.n_atoms)
    file = open_rows(folder, "codes", settings.form, shape, settings.precision)
    dictionary = np.asarray(fit.dictionary)
    encode = jax.jit(lambda fit, y: fit.encoder(fit.dictionary, y))
    counts = _Counts(np.zeros(settings.n_atoms, np.int64))
    n_rows = min(_block_rows(settings), activations.n_samples)
    for start, block in activations.blocks(n_rows, settings.precision):
        # The last block is filled up, so that one program serves all.
        padded = np.concatenate([block, np.repeat(block[-1:], n_rows - len(block), axis=0)])
        solution = encode(fit, jnp.asarray(padded))
        codes = np.asarray(solution.codes)[: len(block)]
        file[start : start + len(block)] = codes
        counts.uses += np.count_nonzero(codes, axis=0)
        counts.not_converged += int(np.count_nonzero(np.asarray(solution.status)[: len(block)] != Status.CONVERGED))
        chosen = split.held_out[start : start + len(block)]
        left = block[chosen] - codes[chosen] @ dictionary.T - offset
        counts.left += float(np.sum(left.astype(np.float64) ** 2))
        counts.spread += float(np.sum((block[chosen] - mean).astype(np.float64) ** 2))
    file.flush()  # pyright: ignore[reportAttributeAccessIssue]
    return counts


def _summary(
    activations: Activations,
    learner: Method,
    source: str,
    fit: Fit,
    counts: _Counts,
    split: _Split,
    settings: Settings,
) -> Summary:
    n_samples = activations.n_samples
    mean_active = float(counts.uses.sum() / n_samples)
    return Summary(
        source=activations.source,
        method=learner.name,
        method_source=source,
        n_samples=n_samples,
        n_dims=activations.n_dims,
        n_atoms=settings.n_atoms,
        n_train=split.train.size,
        n_held_out=int(split.held_out.sum()),
        explained_variance=1 - counts.left / counts.spread,
        density=mean_active / settings.n_atoms,
        mean_active=mean_active,
        dead_atoms=int(np.count_nonzero(counts.uses == 0)),
        duplicate_atoms=int(np.count_nonzero(np.asarray(duplicate_atoms(fit.dictionary)))),
        not_converged=counts.not_converged,
        left_out=activations.left_out,
        settings=settings,
        environment=environment(),
    )


def _write_small(folder: Path, fit: Fit, offset: np.ndarray, activations: Activations, summary: Summary) -> None:
    form, dtype = summary.settings.form, summary.settings.precision
    for name, array in (("dictionary", np.asarray(fit.dictionary)), ("offset", offset[None, :])):
        file = open_rows(folder, name, form, array.shape, dtype)
        file[:] = array
        file.flush()  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(activations.rows, np.ndarray):
        np.save(folder / "kept_rows.npy", activations.rows)
    text = json.dumps(msgspec.to_builtins(summary), indent=2, allow_nan=False) + "\n"
    write_atomically(folder / "summary.json", text.encode())
