"""What theory predicts, in float64 with NumPy and SciPy.

Unless their types say otherwise functions broadcast over array arguments.
"""

from analysis.theory._code_sign import CodeSign
from analysis.theory.bayes_bernoulli_gaussian import scalar_mmse, state_evolution_mse
from analysis.theory.chance import ChanceLevel, dictionary_chance
from analysis.theory.counting import minimum_samples
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
from analysis.theory.oracle_floor import oracle_floor
from analysis.theory.toy_model_phases import PhaseLosses, toy_model_phases

__all__ = [
    "Amplitudes",
    "ChanceLevel",
    "CodeSign",
    "LassoPrediction",
    "PhaseLosses",
    "cs_rule_of_thumb",
    "dictionary_chance",
    "gaussian_amplitudes",
    "l1_transition",
    "minimax_mse",
    "minimax_mse_threshold",
    "minimax_penalty",
    "minimax_threshold",
    "minimum_samples",
    "noise_sensitivity",
    "optimal_lasso",
    "oracle_floor",
    "scalar_mmse",
    "state_evolution_mse",
    "toy_model_phases",
    "tropp_limit",
    "uniform_amplitudes",
    "welch_bound",
]
