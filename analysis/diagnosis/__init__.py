"""What can be said of observations without truth: spectrum, hidden coordinates, agreement of fits, calibration."""

from analysis.diagnosis.atoms import count_stable, mutual_matches, share_of_opposites
from analysis.diagnosis.calibration import (
    MonotoneLogistic,
    Verdict,
    brier_score,
    calibration_error,
    clear_cases,
    cross_predicted,
    fit_monotone_logistic,
    logit_residuals,
    share_right,
    shifted,
    verdict_of,
)
from analysis.diagnosis.hidden import gaussian_hidden_error, hidden_folds, shrunk_covariance
from analysis.diagnosis.spectrum import (
    Spectrum,
    marchenko_pastur_quantile,
    participation_ratio,
    spectral_noise_std,
    spectrum,
)

__all__ = [
    "MonotoneLogistic",
    "Spectrum",
    "Verdict",
    "brier_score",
    "calibration_error",
    "clear_cases",
    "count_stable",
    "cross_predicted",
    "fit_monotone_logistic",
    "gaussian_hidden_error",
    "hidden_folds",
    "logit_residuals",
    "marchenko_pastur_quantile",
    "mutual_matches",
    "participation_ratio",
    "share_of_opposites",
    "share_right",
    "shifted",
    "shrunk_covariance",
    "spectral_noise_std",
    "spectrum",
    "verdict_of",
]
