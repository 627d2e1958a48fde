"""How many samples does it take to learn a dictionary?"""

import numpy as np
import pandas as pd

from analysis.figures import Curve, Series, SeriesFacet, cut_plot

cells = pd.read_csv("results/dictionary-learning/tables/cells.csv")
cells = cells[(cells["n_latents"] == 64) & (cells["n_active"] == 8) & (cells["noise_std"] == 0)]
shown = ["bilinear-amp", "alternating-mod", "matching-pursuit-sae", "online-dictionary-learning", "ksvd"]
cells = cells[cells["method"].isin(shown)]
series = [
    Series(method, part["n_samples"], part["matched_cosine"], part["matched_cosine_low"], part["matched_cosine_high"])
    for method, part in cells.sort_values("n_samples").groupby("method")
]
needed, chance = cells["counting_bound"].iloc[0], cells["chance"].iloc[0]
ends = np.array([70, 1100])

panel = cut_plot(
    [
        SeriesFacet(
            "",
            series,
            [
                Curve("counting bound", np.array([needed, needed]), np.array([0, 1])),
                Curve("chance", ends, np.array([chance, chance]), kind="chance"),
            ],
        )
    ],
    name="dictionary",
    title="How many samples does a dictionary take?",
    caption=f"64 atoms in 32 dimensions, 8 active, no noise, from the reference run of `dictionary-learning`; 95% "
    f"intervals over 5 trials. With fewer than {needed:.0f} samples there are fewer numbers than unknowns.",
    alt="The mean cosine of learned and true atoms rises from chance to 1 beyond the counting bound, for message "
    "passing first, then alternating MOD, then the other learners.",
    x_label="samples",
    y_label="mean |cosine| with the true atoms",
    x_log=True,
    x_limits=(70, 1100),
    y_limits=(0, 1.02),
)
