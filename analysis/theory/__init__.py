"""What theory predicts, in float64 with NumPy and SciPy.

Unless their types say otherwise functions broadcast over array arguments.
"""

from analysis.theory._code_sign import CodeSign
from analysis.theory.amp_state_evolution import Trajectory, amp_state_evolution
from analysis.theory.babel import babel, babel_limit
from analysis.theory.bayes_bernoulli_gaussian import scalar_mmse, state_evolution_mse
from analysis.theory.bayes_hard_phase import HardPhase, bayes_ceiling, bayes_phase, hard_phase
from analysis.theory.chance import ChanceLevel, correlation_chance, dictionary_chance, matched_cosine_chance
from analysis.theory.counting import minimum_samples
from analysis.theory.dictionary_samples import complete_samples, typical_samples, uniqueness_samples
from analysis.theory.exact_recovery import exact_recovery_coefficient, fuchs_coefficient, irrepresentability
from analysis.theory.guarantees import cs_rule_of_thumb, tropp_limit, welch_bound
from analysis.theory.l1_transition import l1_transition, minimax_threshold
from analysis.theory.lasso_state_evolution import (
    Amplitudes,
    LassoPrediction,
    gaussian_amplitudes,
    optimal_lasso,
    uniform_amplitudes,
)
from analysis.theory.noise_sensitivity import minimax_mse, minimax_mse_threshold, minimax_penalty, noise_sensitivity
from analysis.theory.null_space import null_space_constant
from analysis.theory.oracle_floor import oracle_floor
from analysis.theory.restricted_isometry import IsometryConstant, isometry_limit, restricted_isometry
from analysis.theory.support_information import lasso_support_dims, necessary_dims, support_error_floor
from analysis.theory.toy_model_phases import PhaseLosses, toy_model_phases

__all__ = [
    "Amplitudes",
    "ChanceLevel",
    "CodeSign",
    "HardPhase",
    "IsometryConstant",
    "LassoPrediction",
    "PhaseLosses",
    "Trajectory",
    "amp_state_evolution",
    "babel",
    "babel_limit",
    "bayes_ceiling",
    "bayes_phase",
    "complete_samples",
    "correlation_chance",
    "cs_rule_of_thumb",
    "dictionary_chance",
    "exact_recovery_coefficient",
    "fuchs_coefficient",
    "gaussian_amplitudes",
    "hard_phase",
    "irrepresentability",
    "isometry_limit",
    "l1_transition",
    "lasso_support_dims",
    "matched_cosine_chance",
    "minimax_mse",
    "minimax_mse_threshold",
    "minimax_penalty",
    "minimax_threshold",
    "minimum_samples",
    "necessary_dims",
    "noise_sensitivity",
    "null_space_constant",
    "optimal_lasso",
    "oracle_floor",
    "restricted_isometry",
    "scalar_mmse",
    "state_evolution_mse",
    "support_error_floor",
    "toy_model_phases",
    "tropp_limit",
    "typical_samples",
    "uniform_amplitudes",
    "uniqueness_samples",
    "welch_bound",
]
