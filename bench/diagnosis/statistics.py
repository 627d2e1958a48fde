"""The few numbers of a measurement by which it is judged. Each is such that more of it speaks for recovery."""

import numpy as np
from jaxtyping import Float

from bench.diagnosis.measure import Measurement

STATISTICS: dict[str, str] = {
    "halves": "agreement of dictionaries learned from two halves of the data",
    "seeds": "agreement of dictionaries learned from two seeds",
    "gain": "gain over a Gaussian in predicting hidden coordinates",
    "surrogate": "gain over a dictionary learned from normal numbers of the same covariance",
    "codes": "agreement of the codes that dictionaries from two seeds give",
    "twin": "recovery of a simulated twin whose truth is known",
    "ceiling": "recovery of the twin with its dictionary known",
}


def statistics_of(found: Measurement) -> dict[str, float]:
    """The raw statistics; `model_features` makes of them what the calibration is linear in."""
    return {
        "halves": found.size.agreement,
        "seeds": found.seed_agreement,
        "gain": found.gain,
        "surrogate": found.surrogate_gain,
        "codes": found.code_agreement,
        "twin": found.twin.learned,
        "ceiling": found.twin.known,
    }


def n_atoms_of(found: Measurement) -> int:
    """Atoms that both halves find, or the size that predicts best where there is none."""
    return found.size.n_stable or found.size.n_atoms


def model_features(statistics: dict[str, float]) -> Float[np.ndarray, " n_features"]:
    """Agreements and scores by -log(1.02 - x), which tells .9 from .99; gains, logarithms, bounded to [-1, 1]."""
    values = {name: float(np.nan_to_num(value)) for name, value in statistics.items()}
    return np.array(
        [
            np.clip(values[name], -1, 1)
            if name in ("gain", "surrogate")
            else -np.log(1.02 - np.clip(values[name], 0, 1))
            for name in STATISTICS
        ]
    )
