"""From a file of activations and a learner's name to codes, dictionary and a summary, or a refusal."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pandas as pd

from analysis.theory import minimax_threshold
from bench.activations import Activations, load_activations
from bench.decompose import report
from bench.decompose.records import Settings, Summary
from bench.decompose.rows_file import open_rows
from bench.decompose.tally import COLUMNS, Tally
from bench.diagnosis.measure import codes_are_nonnegative, leading_axes
from bench.errors import UserError
from bench.kept_programs import kept_programs
from bench.manifest import environment
from bench.methods import Method, collected_faults, identify, load
from bench.precision import precision as computing_in
from bench.replaced_folder import check_folder, replaced
from bench.report import write_report
from bench.store import write_atomically, writing
from recovery.knowledge import Knowledge
from recovery.learner import Fit
from recovery.solution import Status

_OURS = {"summary.json", "kept_rows.npy", "report.html", "tables", "figures"} | {
    f"{name}.{form}" for name in ("codes", "dictionary", "offset") for form in ("safetensors", "npy")
}
_HELD_OUT, _MOST_HELD_OUT = 0.1, 5000
_LEAST_ROWS = 20
_BLOCK_VALUES = 1 << 22
"""Codes in memory at a time."""
_SIGN_ROWS, _SIGN_DIMS = 10_000, 96
"""What tells the sign at most: rows, and leading principal axes."""


@kept_programs()
def decompose(
    path: Path,
    method: str,
    settings: Settings,
    *,
    key: str | None = None,
    clean: bool = False,
    results: Path | None = None,
) -> tuple[Summary, Path]:
    """Fit `method` to the activations in `path`; write codes, dictionary, offset, summary, report; returns the folder.

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
        nonnegative = _nonnegative(training, settings)
        with collected_faults() as faults:
            fit, offset = _fit(learner, training, settings, nonnegative)
        if faults or int(fit.status) == Status.NON_FINITE:
            raise UserError(faults[0] if faults else f"method {name} gave numbers that are not finite")
        with replaced(folder) as fresh:
            tally = _encode(fresh, fit, offset, activations, split, training.mean(axis=0), settings)
            atoms = tally.atoms(np.asarray(fit.dictionary))
            told = _Told(learner.name, plugin.source, "nonnegative" if nonnegative else "signed")
            summary = _summary(activations, told, tally, atoms, split, settings)
            _write_small(fresh, fit, offset, activations, summary)
            _write_report(fresh, summary, atoms)
    return summary, folder


def redraw(folder: Path) -> tuple[list[str], Path]:
    """Draw a decomposition's report again from its summary and its table of atoms; returns its sentences and the page.

    Raises UserError where these cannot be read.
    """
    file, table = folder / "summary.json", folder / "tables" / "atoms.csv"
    try:
        summary = msgspec.json.decode(file.read_bytes(), type=Summary)
        atoms = pd.read_csv(table, keep_default_na=False)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise UserError(f"{folder}: summary.json or tables/atoms.csv cannot be used: {error}") from error
    if list(atoms) != list(COLUMNS) or len(atoms) != summary.n_atoms:
        raise UserError(f"{table}: it is not the table of {summary.n_atoms} atoms that summary.json tells of")
    with writing(folder):
        page = _write_report(folder, summary, atoms)
    return report.sentences(summary), page


def _write_report(folder: Path, summary: Summary, atoms: pd.DataFrame) -> Path:
    return write_report(
        folder,
        report.content_of(summary, atoms),
        spec_text=report.spec_text(summary),
        manifest=summary.environment,
    )


def _nonnegative(training: np.ndarray, settings: Settings) -> bool:
    if settings.sign != "auto":
        return settings.sign == "nonnegative"
    some = training[np.random.default_rng(settings.seed).permutation(len(training))[:_SIGN_ROWS]]
    return codes_are_nonnegative(leading_axes(some, _SIGN_DIMS)[0], seed=settings.seed)


@dataclass(frozen=True, eq=False)
class _Split:
    """Places of the rows learned from, and which rows of the file are held out."""

    train: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True)
class _Told:
    """By what, and as what."""

    method: str
    source: str
    code_sign: Literal["nonnegative", "signed"]


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


def _fit(learner: Method, training: np.ndarray, settings: Settings, nonnegative: bool) -> tuple[Fit, np.ndarray]:
    """The fit, and the mean of what it leaves of the training rows."""
    built = learner.build(_knowledge(training, settings, nonnegative))
    run = jax.jit(lambda y, key: built.fit(y, n_atoms=settings.n_atoms, key=key))
    fit = jax.block_until_ready(run(jnp.asarray(training), jax.random.key(settings.seed)))
    # A sample of the rows tells the mean well enough: its error is the residual's spread over sqrt(n).
    some = training[: _block_rows(settings)]
    codes = np.asarray(jax.jit(lambda fit, y: fit.encoder(fit.dictionary, y).codes)(fit, some))
    return fit, (some - codes @ np.asarray(fit.dictionary).T).mean(axis=0)


def _knowledge(training: np.ndarray, settings: Settings, nonnegative: bool) -> Knowledge:
    n_dims = training.shape[1]
    norm = float(np.sqrt(np.mean(np.sum(training.astype(np.float64) ** 2, axis=1))))
    return Knowledge(
        n_dims=n_dims,
        n_latents=settings.n_atoms,
        max_active=min(n_dims, settings.n_atoms, 2 * settings.n_active),
        nonnegative=nonnegative,
        n_active=settings.n_active,
        noise_std=settings.noise_std,
        magnitude=norm / settings.n_active**0.5,
        penalty=max(settings.noise_std, 0.02 * norm / settings.n_active**0.5),
        threshold=float(
            minimax_threshold(min(0.99, n_dims / settings.n_atoms), "nonnegative" if nonnegative else "signed")
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
) -> Tally:
    shape = (activations.n_samples, settings.n_atoms)
    file = open_rows(folder, "codes", settings.form, shape, settings.precision)
    dictionary = np.asarray(fit.dictionary)
    encode = jax.jit(lambda fit, y: fit.encoder(fit.dictionary, y))
    tally = Tally(settings.n_atoms)
    numbers = np.arange(activations.stored.shape[0])[activations.rows]
    n_rows = min(_block_rows(settings), activations.n_samples)
    for start, block in activations.blocks(n_rows, settings.precision):
        # The last block is filled up, so that one program serves all.
        padded = np.concatenate([block, np.repeat(block[-1:], n_rows - len(block), axis=0)])
        solution = encode(fit, jnp.asarray(padded))
        codes = np.asarray(solution.codes)[: len(block)]
        file[start : start + len(block)] = codes
        tally.add(codes, numbers[start : start + len(block)])
        tally.not_converged += int(np.count_nonzero(np.asarray(solution.status)[: len(block)] != Status.CONVERGED))
        chosen = split.held_out[start : start + len(block)]
        left = block[chosen] - codes[chosen] @ dictionary.T - offset
        tally.left += float(np.sum(left.astype(np.float64) ** 2))
        tally.spread += float(np.sum((block[chosen] - mean).astype(np.float64) ** 2))
    file.flush()  # pyright: ignore[reportAttributeAccessIssue]
    return tally


def _summary(
    activations: Activations,
    told: _Told,
    tally: Tally,
    atoms: pd.DataFrame,
    split: _Split,
    settings: Settings,
) -> Summary:
    mean_active = float(tally.uses.sum() / tally.n_rows)
    return Summary(
        source=activations.source,
        method=told.method,
        method_source=told.source,
        n_samples=activations.n_samples,
        n_dims=activations.n_dims,
        n_atoms=settings.n_atoms,
        n_train=split.train.size,
        n_held_out=int(split.held_out.sum()),
        code_sign=told.code_sign,
        explained_variance=1 - tally.left / tally.spread,
        density=mean_active / settings.n_atoms,
        mean_active=mean_active,
        rows_by_active=np.trim_zeros(tally.rows_by_active, "b").tolist(),
        dead_atoms=int(np.count_nonzero(tally.uses == 0)),
        duplicate_atoms=int(atoms["duplicate"].sum()),
        not_converged=tally.not_converged,
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
