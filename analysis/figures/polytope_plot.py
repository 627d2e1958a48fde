"""Features of two-dimensional toy models as arrows in the plane."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps

from analysis.figures.data import columns_of
from analysis.figures.layout import facet_grid, hide_unused, label_grid, wrapped_shape
from analysis.figures.panel import Panel
from analysis.figures.style import PAGE_WIDTH, figure_style


def polytope_plot(
    dictionaries: dict[str, Float[np.ndarray, "2 n_latents"]],
    *,
    name: str,
    title: str,
    caption: str,
    alt: str,
) -> Panel:
    """The columns of each dictionary as arrows from the origin, on one scale, darker where the latent comes earlier.

    Hover texts give a column's norm and angle. Raises ValueError when there is no dictionary, or one is not
    two-dimensional.
    """
    if not dictionaries:
        raise ValueError("a polytope picture needs at least one dictionary")
    arrays = {label: np.asarray(a, float) for label, a in dictionaries.items()}
    for label, a in arrays.items():
        if a.ndim != 2 or a.shape[0] != 2:
            raise ValueError(f"dictionary {label!r} has shape {a.shape}; two rows are needed")
    reach = 1.1 * max(1.0, *(float(np.linalg.norm(a, axis=0).max()) for a in arrays.values()))
    n_rows, n_columns = wrapped_shape(len(arrays), most_columns=5)
    tips: dict[str, str] = {}
    with figure_style():
        side = (PAGE_WIDTH - 0.7) / max(n_columns, 3)
        width = PAGE_WIDTH if n_columns >= 3 else 0.7 + side * n_columns
        figure, axes = facet_grid(n_rows, n_columns, width=width, facet_height=side)
        axes.flat[0].set(xlim=(-reach, reach), ylim=(-reach, reach))
        for place, (ax, (label, a)) in enumerate(zip(axes.flat, arrays.items(), strict=False)):
            ax.set_aspect("equal")
            ax.set_title(label)
            ax.grid(visible=True)
            shades = colormaps["viridis"](np.linspace(0, 0.85, a.shape[1]))
            for i in reversed(range(a.shape[1])):
                x, y = a[:, i]
                ax.plot([0, x], [0, y], color=shades[i], linewidth=1.4)
                ax.plot([x], [y], "o", color=shades[i], markersize=4)
                ax.plot([x], [y], "o", color="#888888", alpha=0, markersize=13, mew=0, zorder=6, gid=f"p{place}-{i}")
                angle = np.degrees(np.arctan2(y, x))
                tips[f"p{place}-{i}"] = f"latent {i}: norm {np.hypot(x, y):.2f}, angle {angle:.0f} degrees"
        hide_unused(axes, len(arrays))
        label_grid(figure, "hidden coordinate 1", "hidden coordinate 2")
    data = columns_of(
        [
            {"dictionary": label, "latent": i, "hidden coordinate 1": float(x), "hidden coordinate 2": float(y)}
            for label, a in arrays.items()
            for i, (x, y) in enumerate(a.T)
        ]
    )
    return Panel(name=name, title=title, caption=caption, alt=alt, figure=figure, tips=tips, data=data)
