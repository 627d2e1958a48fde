"""Possible is not easy: the gap between the best estimate and the best that fast algorithms reach."""

import numpy as np

from analysis.figures import Curve, SeriesFacet, cut_plot
from analysis.theory import bayes_ceiling, hard_phase, state_evolution_mse

DENSITY, NOISE = 0.2, 1e-6
delta = np.linspace(0.2, 0.6, 81)
reached = [float(state_evolution_mse(one, DENSITY, NOISE)) / DENSITY for one in delta]
possible = [bayes_ceiling(float(one), DENSITY, NOISE) / DENSITY for one in delta]
gap = hard_phase(DENSITY, NOISE)

panel = cut_plot(
    [
        SeriesFacet(
            "",
            [],
            [Curve("message passing", delta, np.array(reached)), Curve("Bayes-optimal", delta, np.array(possible))],
        )
    ],
    name="hard-phase",
    title="Where is recovery possible, but hard?",
    caption=f"Bernoulli-Gaussian codes of density {DENSITY:g}, noise variance 1e-6, many latents (Krzakala et al. "
    f"2012). Between M/N = {gap.optimal_from:.3f} and {gap.easy_from:.3f} no fast algorithm is known that gets there.",
    alt="Two step curves of error over undersampling: the Bayes-optimal one drops first, message passing later.",
    x_label="undersampling M/N",
    y_label="mean squared error / energy of the codes",
    y_log=True,
    x_limits=(0.2, 0.6),
    y_limits=(1e-7, 2),
)
