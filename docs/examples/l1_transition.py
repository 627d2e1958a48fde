"""The l1 phase transition, measured and in theory."""

import numpy as np
import pandas as pd

from analysis.figures import Curve, Series, SeriesFacet, boundary_plot
from analysis.theory import l1_transition

measured = pd.read_csv("results/donoho-tanner/tables/boundary.csv")
delta = np.linspace(0.02, 0.98, 97)
facets = []
for sign in ("signed", "nonnegative"):
    part = measured[measured["code_sign"] == sign]
    series = [
        Series(method, rows["undersampling"], rows["rho50"], low=rows["rho50_low"], high=rows["rho50_high"])
        for method, rows in part.groupby("method")
    ]
    facets.append(SeriesFacet(sign, series, [Curve("theory, N to infinity", delta, l1_transition(delta, sign))]))

panel = boundary_plot(
    facets,
    name="l1-transition",
    title="When does l1 minimisation give sparse codes back?",
    caption="Below the curve it does, above it does not, for almost every Gaussian dictionary. Points: half of the "
    "trials succeed, N = 400, with 95% intervals, from the reference run of `donoho-tanner`.",
    alt="Measured boundaries of two solvers lie on the curves of theory for signed and non-negative codes.",
)
