"""How well do two dictionaries that have nothing to do with each other match?"""

import jax
import numpy as np

from analysis.figures import Curve, Series, SeriesFacet, cut_plot
from analysis.metrics import dictionary_similarity
from analysis.theory import matched_cosine_chance
from toymodels import gaussian_dictionary

N = 256
dims = [8, 16, 32, 64, 128]


def matched(n_dims, key):
    one, other = (gaussian_dictionary(part, n_dims=n_dims, n_latents=N) for part in jax.random.split(key))
    return dictionary_similarity(one, other).matched_cosine


measured = [float(matched(n_dims, jax.random.key(n_dims))) for n_dims in dims]
grid = np.unique(np.geomspace(8, 128, 30).round()).astype(int)
expected = [matched_cosine_chance(int(n_dims), N, N) for n_dims in grid]

panel = cut_plot(
    [SeriesFacet("", [Series("two random dictionaries", dims, measured)], [Curve("theory", grid, expected)])],
    name="chance",
    title="What is an MCC worth by chance?",
    caption="Mean |cosine| of 256 atoms with 256 unrelated ones under the best permutation. A score says something "
    "only beside this level, which is why every table has it.",
    alt="The matched cosine of unrelated dictionaries falls from .84 at 8 dimensions to .25 at 128, as theory says.",
    x_label="dimensions M",
    y_label="mean |cosine| under the best permutation",
    x_log=True,
    y_limits=(0, 1),
)
