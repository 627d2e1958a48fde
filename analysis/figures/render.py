"""Figures as files: the same figure gives the same bytes."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

from analysis.figures.style import figure_style


def svg_text(figure: Figure) -> str:
    """The figure as an SVG document, text kept as text, without date or program name."""
    buffer = io.StringIO()
    with figure_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return buffer.getvalue()


def pdf_bytes(figure: Figure) -> bytes:
    """The figure as a PDF at its own width, fonts embedded as TrueType, without date or program name."""
    buffer = io.BytesIO()
    with figure_style():
        figure.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return buffer.getvalue()


def png_bytes(figure: Figure, *, dots_per_inch: int = 200) -> bytes:
    """The figure as a PNG image, without date or program name."""
    buffer = io.BytesIO()
    with figure_style():
        figure.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return buffer.getvalue()
