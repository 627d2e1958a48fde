"""Sums over blocks of rows, of which the summary and the table of atoms are made."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from analysis.metrics import duplicate_atoms

N_TOP = 5
"""Rows that are named for each atom."""
COLUMNS = ("atom", "share_of_rows", "mean_size", "nearest_atom", "nearest_cosine", "duplicate", "top_rows")


class Tally:
    """How often and how strongly each of `n_atoms` atoms is active, in which rows most, and what codes leave."""

    def __init__(self, n_atoms: int) -> None:
        self.n_rows = 0
        self.uses = np.zeros(n_atoms, np.int64)
        self.rows_by_active = np.zeros(n_atoms + 1, np.int64)
        self.not_converged = 0
        self.left = 0.0
        self.spread = 0.0
        self._size = np.zeros(n_atoms)
        self._top = np.zeros((N_TOP, n_atoms))
        self._top_rows = np.zeros((N_TOP, n_atoms), np.int64)

    def add(self, codes: Float[np.ndarray, "n n_atoms"], rows: Int[np.ndarray, " n"]) -> None:
        """Count a block; `rows` are its rows' numbers in the file."""
        active = codes != 0
        self.n_rows += len(codes)
        self.uses += active.sum(axis=0)
        counts = np.bincount(active.sum(axis=1), minlength=self.rows_by_active.size)
        self.rows_by_active += counts
        size = np.abs(codes)
        self._size += size.sum(axis=0, dtype=np.float64)
        values = np.concatenate([self._top, size])
        numbers = np.concatenate([self._top_rows, np.broadcast_to(rows[:, None], codes.shape)])
        # Stable: of equal codes the first row stays.
        order = np.argsort(-values, axis=0, kind="stable")[:N_TOP]
        self._top, self._top_rows = (np.take_along_axis(one, order, axis=0) for one in (values, numbers))

    def atoms(self, dictionary: Float[np.ndarray, "n_dims n_atoms"]) -> pd.DataFrame:
        """One row an atom: share of rows in which it is active, its mean |code| there, its nearest other atom with the
        |cosine|, whether that makes it a duplicate, and the rows where it is largest."""
        norms = np.linalg.norm(dictionary, axis=0)
        unit = dictionary / np.where(norms > 0, norms, 1)
        cosine = np.abs(unit.T @ unit)
        np.fill_diagonal(cosine, -1)
        nearest = cosine.argmax(axis=1)
        top = [
            " ".join(str(row) for row in rows[sizes > 0])
            for rows, sizes in zip(self._top_rows.T, self._top.T, strict=True)
        ]
        columns = (
            np.arange(self.uses.size),
            self.uses / self.n_rows,
            self._size / np.maximum(self.uses, 1),
            nearest,
            np.maximum(cosine[np.arange(nearest.size), nearest], 0),
            np.asarray(duplicate_atoms(jnp.asarray(dictionary))),
            top,
        )
        return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
