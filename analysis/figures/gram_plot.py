"""The geometry of a dictionary as a picture: absolute inner products of its atoms."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from analysis.figures.data import columns_of
from analysis.figures.layout import facet_grid, label_grid
from analysis.figures.panel import Panel
from analysis.figures.style import COLUMN_WIDTH, PAGE_WIDTH, figure_style


def gram_plot(
    dictionaries: dict[str, Float[np.ndarray, "n_dims n_latents"]],
    *,
    name: str,
    title: str,
    caption: str,
    alt: str,
) -> Panel:
    """|A^T A| of each dictionary, side by side on one scale from 0 to the largest squared norm of an atom.

    The diagonal holds squared norms (1 for a latent represented in full, 0 for one left out), the rest the
    interference between latents. Raises ValueError when no dictionary is given.
    """
    if not dictionaries:
        raise ValueError("a Gram picture needs at least one dictionary")
    grams = {label: np.abs(np.asarray(a, float).T @ np.asarray(a, float)) for label, a in dictionaries.items()}
    top = max(float(np.max(gram)) for gram in grams.values()) or 1.0
    with figure_style():
        width = COLUMN_WIDTH + 1.0 if len(grams) == 1 else PAGE_WIDTH
        figure, axes = facet_grid(1, len(grams), width=width, facet_height=(width - 1.6) / len(grams))
        for ax, (label, gram) in zip(axes.flat, grams.items(), strict=True):
            ax.imshow(gram, cmap="cividis", vmin=0, vmax=top, interpolation="nearest")
            ax.set_title(label)
        shade = ScalarMappable(Normalize(0, top), colormaps["cividis"].resampled(64))
        figure.colorbar(shade, ax=axes, label="|⟨aᵢ, aⱼ⟩|", fraction=0.06, pad=0.02)
        label_grid(figure, "latent j", "latent i")
    data = columns_of(
        [
            {"dictionary": label, "latent i": i, "latent j": j, "|⟨aᵢ, aⱼ⟩|": float(value)}
            for label, gram in grams.items()
            for (i, j), value in np.ndenumerate(gram)
        ]
    )
    return Panel(name=name, title=title, caption=caption, alt=alt, figure=figure, data=data)
