"""The few numbers of a measurement by which it is judged. Each is such that more of it speaks for recovery."""

import numpy as np
from jaxtyping import Float

from analysis.theory import l1_transition
from bench.diagnosis.measure import Measurement

STATISTICS: dict[str, str] = {
    "halves": "agreement of dictionaries learned from two halves of the data",
    "seeds": "agreement of dictionaries learned from two seeds",
    "gain": "gain over a Gaussian in predicting hidden coordinates",
    "twin": "recovery of a simulated twin whose truth is known",
    "margin": "distance from the l1 phase transition",
}


def statistics_of(found: Measurement) -> dict[str, float]:
    """The raw statistics; `model_features` makes of them what the calibration is linear in."""
    return {
        "halves": found.size.agreement,
        "seeds": found.seed_agreement,
        "gain": found.gain,
        "twin": found.twin_mcc,
        "margin": transition_margin(found.n_dims, n_atoms_of(found), found.n_active, found.nonnegative),
    }


def n_atoms_of(found: Measurement) -> int:
    """Atoms that both halves find, or the size that predicts best where there is none."""
    return found.size.n_stable or found.size.n_atoms


def transition_margin(n_dims: int, n_atoms: int, n_active: float, nonnegative: bool) -> float:
    """Log of how many times sparser than at the l1 transition the codes are."""
    undersampling = min(n_dims / n_atoms, 1.0)
    at_transition = float(l1_transition(undersampling, "nonnegative" if nonnegative else "signed"))
    return float(np.log(at_transition / (max(n_active, 0.1) / n_dims)))


def model_features(statistics: dict[str, float]) -> Float[np.ndarray, " n_features"]:
    """Agreements and scores by -log(1.02 - x), which tells .9 from .99; logarithms bounded to [-3, 3]."""
    return np.array(
        [
            float(-np.log(1.02 - np.clip(np.nan_to_num(statistics[name]), 0, 1)))
            if name in ("halves", "seeds", "twin")
            else float(np.clip(statistics[name], -3, 3))
            for name in STATISTICS
        ]
    )
