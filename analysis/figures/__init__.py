"""Figures: plain arrays in, a `Panel` (figure, words and hover texts) out."""

from analysis.figures.boundary_plot import boundary_plot
from analysis.figures.cells import Levels
from analysis.figures.cut_plot import cut_plot
from analysis.figures.gram_plot import gram_plot
from analysis.figures.heat_map import MapFacet, heat_map
from analysis.figures.image_grid import ImageFacet, grey_values, image_grid
from analysis.figures.marks import Curve, Series, SeriesFacet
from analysis.figures.panel import Panel
from analysis.figures.polytope_plot import polytope_plot
from analysis.figures.rank_plot import RankFacet, rank_plot
from analysis.figures.render import pdf_bytes, png_bytes, svg_text

__all__ = [
    "Curve",
    "ImageFacet",
    "Levels",
    "MapFacet",
    "Panel",
    "RankFacet",
    "Series",
    "SeriesFacet",
    "boundary_plot",
    "cut_plot",
    "gram_plot",
    "grey_values",
    "heat_map",
    "image_grid",
    "pdf_bytes",
    "png_bytes",
    "polytope_plot",
    "rank_plot",
    "svg_text",
]
