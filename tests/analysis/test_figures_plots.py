"""Boundary, cut and Gram plots, and what holds for every figure."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import LineCollection

from analysis.figures import (
    Curve,
    ImageFacet,
    Levels,
    MapFacet,
    RankFacet,
    Series,
    SeriesFacet,
    boundary_plot,
    cut_plot,
    gram_plot,
    grey_values,
    heat_map,
    image_grid,
    pdf_bytes,
    png_bytes,
    rank_plot,
    svg_text,
)
from analysis.figures.layout import short_number, wrapped_shape
from analysis.figures.limits import x_limits_of, y_limits_of

WORDS = {"name": "plot", "title": "t", "caption": "c", "alt": "a"}
LABELS = {"x_label": "density", "y_label": "NMSE"}
X = np.array([0.1, 0.2, 0.4])


def series(label="lasso", y=(0.2, 0.3, 0.5), **more):
    y = np.array(y)
    return Series(label, X, y, y - 0.1, y + 0.1, tips=[f"{label} {x}" for x in X], **more)


def ranked(**more):
    values = np.array([-20.0, -10.0, np.nan])
    settings = {"tips": ["first", "second", "third"], "theory": {"floor": -25.0}, "chance": {"chance": -1.0}, **more}
    return RankFacet(
        "known", ["omp", "fista", "amp"], values, values - 1, values + 1, ["greedy", "l1", "mp"], **settings
    )


def legend_texts(panel):
    return [text.get_text() for legend in panel.figure.legends for text in legend.get_texts()]


def each_panel():
    facet = MapFacet("", np.arange(6.0).reshape(2, 3), [Curve("c", X, X)], hatched=np.eye(2, 3, dtype=bool))
    yield heat_map([[facet]], x=Levels("x", X), y=Levels("y", np.array([0.1, 0.2])), value_label="v", **WORDS)
    yield boundary_plot([SeriesFacet("signed", [series()], [Curve("theory", X, X)])], **WORDS)
    yield cut_plot([SeriesFacet("", [series()], [Curve("chance", X, X, "chance")])], **LABELS, **WORDS)
    yield gram_plot({"network": np.eye(2, 4), "random": np.ones((2, 4))}, **WORDS)
    yield rank_plot([ranked()], x_label="NMSE (dB)", **WORDS)
    yield image_grid([ImageFacet("atoms", np.eye(4)[None, :3], ["one"])], n_columns=2, **WORDS)


def test_drawing_twice_gives_the_same_bytes():
    for first, second in zip(each_panel(), each_panel(), strict=True):
        assert svg_text(first.figure) == svg_text(first.figure) == svg_text(second.figure)
        assert png_bytes(first.figure, dots_per_inch=60) == png_bytes(second.figure, dots_per_inch=60)
    assert pdf_bytes(first.figure) == pdf_bytes(second.figure)


def test_every_figure_has_its_numbers_as_columns_of_one_length():
    for panel in each_panel():
        lengths = {len(column) for column in panel.data.values()}
        assert len(lengths) == 1
        assert lengths.pop() > 0


def test_pictures_stand_row_by_row_on_grey_scales_of_their_own():
    images = np.stack([np.full((2, 3), value) for value in (2.0, -1.0, 0.0)])
    images[:, 0, 0] = np.nan
    shown = grey_values(images)
    assert shown[:, 1, 1].tolist() == [1.0, 0.0, 0.5]
    assert np.all(shown[:, 0, 0] == 0.5)
    assert grey_values(images, signed=False)[:, 1, 1].tolist() == [1.0, 0.0, 0.0]
    facet = ImageFacet("", shown, ["a", "b", "c"], row_labels=["first", "second"])
    panel = image_grid([facet], n_columns=2, **WORDS)
    (sheet,) = panel.figure.axes[0].images
    np.testing.assert_array_equal(sheet.get_array()[3:5, :3], shown[2])
    assert panel.data["row"] == [0, 0, 1]
    assert panel.data["r1c1"] == [1.0, 0.0, 0.5]
    assert list(panel.tips.values()) == ["a", "b", "c"]
    for broken in ({"tips": ["a"]}, {"row_labels": ["first"]}):
        with pytest.raises(ValueError, match=r"3 pictures and 1 tips|2 rows and 1 row labels"):
            image_grid([ImageFacet("", shown, **broken)], n_columns=2, **WORDS)
    with pytest.raises(ValueError, match="at least one picture"):
        image_grid([], n_columns=2, **WORDS)


def test_figures_change_no_global_setting():
    before = dict(matplotlib.rcParams)
    for panel in each_panel():
        svg_text(panel.figure)
    assert dict(matplotlib.rcParams) == before


def test_svg_keeps_text_and_holds_neither_date_nor_program():
    svg = svg_text(next(each_panel()).figure)
    assert ">0.1</text>" in svg
    assert "metadata" not in svg
    assert "matplotlib.org" not in svg


def test_importing_the_figures_loads_neither_pyplot_nor_pandas():
    # The package around them may load more, so only what the figures add is asked for.
    code = (
        "import sys, analysis; before = set(sys.modules); import analysis.figures;"
        "new = set(sys.modules) - before; assert not {'pandas', 'matplotlib.pyplot', 'jax'} & new, new"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_methods_at_the_same_undersampling_stand_side_by_side():
    panel = boundary_plot([SeriesFacet("signed", [series("AMP"), series("basis pursuit")])], **WORDS)
    ax = panel.figure.axes[0]
    places = {line.get_gid(): line.get_xdata()[0] for line in ax.lines if line.get_gid()}
    np.testing.assert_allclose(places["p0-1-0"] - places["p0-0-0"], 0.012)
    np.testing.assert_allclose(places["p0-1-0"] + places["p0-0-0"], 0.2)
    assert panel.tips["p0-1-0"] == "basis pursuit 0.1"
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.0, 1.0), (0.0, 1.0))


def test_points_without_a_value_are_left_out_and_unbounded_intervals_reach_the_edge():
    y = np.array([0.2, np.nan, 0.5])
    one = Series("lasso", X, y, np.array([-np.inf, 0, 0.4]), np.array([np.inf, 1, np.nan]), tips=["a", "b", "c"])
    panel = boundary_plot([SeriesFacet("", [one])], **WORDS)
    assert panel.tips == {"p0-0-0": "a", "p0-0-2": "c"}
    bars = [c for c in panel.figure.axes[0].collections if isinstance(c, LineCollection)]
    (segment,) = bars[0].get_segments()  # the third has no upper end, so no bar
    assert segment[:, 1].min() < -1
    assert segment[:, 1].max() > 2
    svg_text(panel.figure)


def test_points_with_unconverged_solves_are_hollow_and_named():
    flagged = np.array([False, True, False])
    panel = cut_plot([SeriesFacet("", [series(flagged=flagged)])], **LABELS, **WORDS)
    assert legend_texts(panel) == ["lasso", "hollow: some solves did not converge"]
    hollow = [line for line in panel.figure.axes[0].lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[0.2]]
    assert legend_texts(cut_plot([SeriesFacet("", [series()])], **LABELS, **WORDS)) == ["lasso"]


def test_one_legend_names_everything_once():
    curves = [Curve("theory", X, X), Curve("chance", X, X, "chance"), Curve("boundary", X, X, "measured")]
    facets = [SeriesFacet(str(i), [series("a"), series("b")], curves) for i in range(4)]
    panel = cut_plot(facets, **LABELS, **WORDS)
    assert legend_texts(panel) == ["a", "b", "theory", "chance", "boundary"]
    assert len(panel.figure.axes) == 4
    assert len(panel.tips) == 4 * 2 * 3


@pytest.mark.parametrize(("n", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)), (7, (3, 3))])
def test_facets_wrap_into_a_grid(n, shape):
    assert wrapped_shape(n, most_columns=3) == shape
    panel = cut_plot([SeriesFacet(str(i), [series()]) for i in range(n)], **LABELS, **WORDS)
    assert [ax.get_title() for ax in panel.figure.axes] == [str(i) for i in range(n)]


def test_limits_hold_the_data_and_only_the_near_part_of_theory():
    facets = [SeriesFacet("", [series(y=(0.2, np.nan, 0.4))], [Curve("diverging", X, np.array([0.1, 5.0, np.inf]))])]
    # The data with its intervals spans 0.1 to 0.5; theory adds a quarter of that, then comes a margin of 5 %.
    np.testing.assert_allclose(y_limits_of(facets, log=False), (0.1 - 0.025, 0.6 + 0.025))
    np.testing.assert_allclose(x_limits_of(facets, log=False), (0.1 - 0.015, 0.4 + 0.015))
    chance = [SeriesFacet("", [series()], [Curve("chance", X, np.full(3, 0.9), "chance")])]
    assert y_limits_of(chance, log=False)[1] > 0.9


def test_limits_of_logarithmic_axes_leave_out_what_they_cannot_show():
    facets = [SeriesFacet("", [Series("a", np.array([0.0, 1.0, 100.0]), np.array([-1.0, 0.1, 10.0]))])]
    np.testing.assert_allclose(np.log10(x_limits_of(facets, log=True)), (-0.1, 2.1))
    np.testing.assert_allclose(np.log10(y_limits_of(facets, log=True)), (-1.1, 1.1))


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("y", [(np.nan,) * 3, (0.0,) * 3, (0.3,) * 3, (np.inf,) * 3])
def test_series_without_contrast_are_drawn(y, log):
    facets = [SeriesFacet("", [Series("a", X, np.array(y))])]
    low, high = y_limits_of(facets, log=log)
    assert np.isfinite([low, high]).all()
    assert low < high
    svg_text(cut_plot(facets, x_log=log, y_log=log, **LABELS, **WORDS).figure)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="at least one facet"):
        cut_plot([], **LABELS, **WORDS)
    with pytest.raises(ValueError, match="'lasso' has 3 points and 1 tips"):
        boundary_plot([SeriesFacet("", [Series("lasso", X, X, tips=["one"])])], **WORDS)
    with pytest.raises(ValueError, match="at least one dictionary"):
        gram_plot({}, **WORDS)


def test_the_gram_picture_shows_absolute_inner_products():
    dictionary = np.random.default_rng(0).normal(size=(3, 5))
    (image,) = gram_plot({"a": dictionary}, **WORDS).figure.axes[0].images
    expected = [[abs(sum(a * b)) for b in dictionary.T] for a in dictionary.T]
    np.testing.assert_allclose(image.get_array(), expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.05, "0.05"), (1.0, "1"), (0.0, "0"), (1e-5, "1e-5"), (1e6, "1e6"), (0.12345, "0.123"), (-2.5, "-2.5")],
)
def test_tick_labels_are_short(value, text):
    assert short_number(value) == text


def test_ranking_from_the_top():
    panel = rank_plot([ranked(flagged=np.array([False, True, False]))], x_label="dB", **WORDS)
    (ax,) = panel.figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["omp", "fista", "amp"]
    low, high = ax.get_ylim()
    assert low > high  # the first is on top
    assert legend_texts(panel) == ["greedy", "l1", "mp", "floor", "chance", "hollow: with failures"]
    # What is not finite is not drawn, and has nothing to point at.
    assert sorted(panel.tips.values()) == ["first", "second"]
    lines = {line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2}
    assert lines == {-25.0, -1.0}


def test_a_ranking_needs_a_facet_and_a_tip_per_point():
    with pytest.raises(ValueError, match="at least one facet"):
        rank_plot([], x_label="dB", **WORDS)
    with pytest.raises(ValueError, match="3 points and 1 tips"):
        rank_plot([ranked(tips=["only"])], x_label="dB", **WORDS)
