"""What is asked of a decomposition, and what is written to its `summary.json`."""

from typing import Any, Literal

import msgspec

from bench.decompose.rows_file import ArrayFormat


class Settings(msgspec.Struct, frozen=True):
    """How to decompose. `n_atoms` 0: twice the dimensions; `n_active` 0: a tenth of the dimensions; `sign` "auto": told
    from the rows, as `superposed diagnose` does."""

    n_atoms: int = 0
    n_active: int = 0
    sign: Literal["auto", "nonnegative", "signed"] = "auto"
    noise_std: float = 0.0
    max_train: int = 50_000
    form: ArrayFormat = "safetensors"
    precision: str = "float32"
    seed: int = 0


class Summary(msgspec.Struct, frozen=True):
    """What was found.

    Shares and means are over all rows but `explained_variance`, which is over the rows that the learner did not see:
    1 - sum ||y - D z - offset||^2 / sum ||y - mean||^2, the mean being that of the rows it saw. `density` is the
    share of codes that are not 0; `rows_by_active[k]` rows have k atoms active; `dead_atoms` never are;
    `duplicate_atoms` have another atom with a |cosine| of .95 or more. `code_sign` is what the method was told.
    """

    source: str
    method: str
    method_source: str
    n_samples: int
    n_dims: int
    n_atoms: int
    n_train: int
    n_held_out: int
    code_sign: Literal["nonnegative", "signed"]
    explained_variance: float
    density: float
    mean_active: float
    rows_by_active: list[int]
    dead_atoms: int
    duplicate_atoms: int
    not_converged: int
    left_out: list[str]
    settings: Settings
    environment: dict[str, Any]
