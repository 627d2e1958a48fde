"""Small pictures side by side: atoms of a dictionary, or the images on which a code is most active."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures.data import Columns, columns_of
from analysis.figures.layout import wrapped_shape
from analysis.figures.panel import Panel
from analysis.figures.style import PAGE_WIDTH, figure_style

# Inches: a title, and what row labels take.
_TITLE = 0.24
_LABELS = 0.55


@dataclass(frozen=True, eq=False)
class ImageFacet:
    """One sheet of pictures, filled row by row; grey values from 0 (black) to 1 (white).

    `row_labels` names the rows. `tips` holds one text per picture.
    """

    title: str
    images: Float[np.ndarray, "n height width"]
    tips: Sequence[str] | None = None
    row_labels: Sequence[str] = ()


def grey_values(
    images: Float[np.ndarray, "n height width"], *, signed: bool = True
) -> Float[np.ndarray, "n height width"]:
    """Each picture on a scale of its own: if `signed`, 0 is mid-grey and the largest magnitude black or white.

    Otherwise 0 and below are black and the largest value white. What is not finite counts as 0.
    """
    images = np.nan_to_num(np.asarray(images, float), posinf=0.0, neginf=0.0)
    largest = np.max(np.abs(images), axis=(1, 2), keepdims=True, initial=0.0)
    scaled = images / np.where(largest > 0, largest, 1)
    return 0.5 + 0.5 * scaled if signed else np.clip(scaled, 0, 1)


def image_grid(
    facets: Sequence[ImageFacet],
    *,
    name: str,
    title: str,
    caption: str,
    alt: str,
    n_columns: int,
    most_facets: int = 3,
) -> Panel:
    """Sheets of pictures, at most `most_facets` side by side, each with `n_columns` pictures in a row.

    Raises ValueError when there is no picture, or a facet has the wrong number of tips or row labels.
    """
    if not facets or any(len(facet.images) == 0 for facet in facets):
        raise ValueError("a sheet needs at least one picture")
    for facet in facets:
        _check(facet, n_columns)
    rows, columns = wrapped_shape(len(facets), most_columns=most_facets)
    labelled = any(facet.row_labels for facet in facets)
    width = PAGE_WIDTH if columns > 1 else PAGE_WIDTH / 2
    sheet_width = width / columns - 0.12 - (_LABELS if labelled else 0)
    height = max(_sheet_height(facet, n_columns) for facet in facets) * sheet_width
    tips: dict[str, str] = {}
    with figure_style():
        figure = Figure(figsize=(width, rows * (height + _TITLE)))
        figure.set_layout_engine("constrained", w_pad=0.04, h_pad=0.02)
        axes = figure.subplots(rows, columns, squeeze=False)
        for place, ax in enumerate(axes.flat):
            if place >= len(facets):
                ax.remove()
                continue
            tips |= _draw(ax, facets[place], n_columns, f"p{place}")
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    data = _columns(facets, n_columns)
    return Panel(name=name, title=title, caption=caption, alt=alt, figure=figure, tips=tips, data=data)


def _check(facet: ImageFacet, n_columns: int) -> None:
    if facet.tips is not None and len(facet.tips) != len(facet.images):
        raise ValueError(f"sheet {facet.title!r}: {len(facet.images)} pictures and {len(facet.tips)} tips")
    n_rows = -(-len(facet.images) // n_columns)
    if facet.row_labels and len(facet.row_labels) != n_rows:
        raise ValueError(f"sheet {facet.title!r}: {n_rows} rows and {len(facet.row_labels)} row labels")


def _sheet_height(facet: ImageFacet, n_columns: int) -> float:
    """In units of the sheet's width."""
    _, height, width = facet.images.shape
    return -(-len(facet.images) // n_columns) * (height + 1) / (n_columns * (width + 1))


def _draw(ax: Axes, facet: ImageFacet, n_columns: int, gid: str) -> dict[str, str]:
    """All pictures as one image, with an invisible rectangle over each that has a tip."""
    n_images, height, width = facet.images.shape
    n_rows = -(-n_images // n_columns)
    sheet = np.ones((n_rows * (height + 1) - 1, n_columns * (width + 1) - 1))
    tips = {}
    for i, image in enumerate(np.asarray(facet.images, float)):
        top, left = (i // n_columns) * (height + 1), (i % n_columns) * (width + 1)
        sheet[top : top + height, left : left + width] = image
        if facet.tips is not None:
            corner = (left - 0.5, top - 0.5)
            ax.add_patch(Rectangle(corner, width, height, facecolor="#888888", alpha=0, linewidth=0, gid=f"{gid}-{i}"))
            tips[f"{gid}-{i}"] = facet.tips[i]
    ax.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_title(facet.title)
    ax.set(xticks=[], yticks=[])
    if facet.row_labels:
        middles = np.arange(n_rows) * (height + 1) + (height - 1) / 2
        ax.set_yticks(middles, list(facet.row_labels))
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return tips


def _columns(facets: Sequence[ImageFacet], n_columns: int) -> Columns:
    """A row per picture: its place, and its grey values row by row."""
    records = []
    for facet in facets:
        for i, image in enumerate(np.asarray(facet.images, float)):
            tip = "" if facet.tips is None else facet.tips[i]
            place = {"facet": facet.title, "row": i // n_columns, "column": i % n_columns, "text": tip}
            pixels = {f"r{row}c{column}": round(float(value), 4) for (row, column), value in np.ndenumerate(image)}
            records.append({**place, **pixels})
    return columns_of(records)
