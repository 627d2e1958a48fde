"""Heat maps: where things are drawn, and that nothing is hidden."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch, Rectangle

from analysis.figures import Curve, Levels, MapFacet, heat_map, svg_text
from analysis.figures.cells import cell_coordinates, curve_in_cells, is_seen, ticks_of
from analysis.figures.heat_map import _colour_scale, _outline

WORDS = {"name": "map", "title": "t", "caption": "c", "alt": "a", "value_label": "NMSE"}
X = Levels("density", np.array([0.01, 0.02, 0.05, 0.1]), log=True)
Y = Levels("noise", np.array([0.0, 0.1, 1.0]), log=True)


def draw(*facets, **more):
    return heat_map([list(facets)], x=X, y=Y, **WORDS, **more)


def values():
    return np.linspace(0.1, 1.2, 12).reshape(3, 4)


def legend_texts(panel):
    return [text.get_text() for legend in panel.figure.legends for text in legend.get_texts()]


@pytest.mark.parametrize("levels", [X, Y, Levels("x", np.array([3.0])), Levels("x", np.array([-2.0, 0.0, 7.0]))])
def test_levels_lie_at_the_middle_of_their_cells(levels):
    np.testing.assert_allclose(cell_coordinates(levels.values, levels), np.arange(levels.values.size))


def test_places_between_levels_follow_the_scale():
    # Within the range of the levels, numpy's interpolation of the (logarithms of the) levels is the oracle.
    inner = np.geomspace(0.01, 0.1, 50)
    np.testing.assert_allclose(cell_coordinates(inner, X), np.interp(np.log(inner), np.log(X.values), np.arange(4)))
    plain = Levels("density", X.values)
    np.testing.assert_allclose(cell_coordinates(inner, plain), np.interp(inner, X.values, np.arange(4)))
    # A level of zero has no logarithm: up to the next level the scale is linear.
    np.testing.assert_allclose(cell_coordinates(np.array([0.05, np.sqrt(0.1)]), Y), [0.5, 1.5])


def test_places_outside_the_levels_are_clipped_one_cell_outside():
    away = np.array([-np.inf, -1.0, 0.0, 1e-300, 1e9, np.inf, np.nan])
    np.testing.assert_array_equal(cell_coordinates(away, X), [-1.5, -1.5, -1.5, -1.5, 4.5, 4.5, np.nan])
    np.testing.assert_array_equal(
        cell_coordinates(np.array([-np.inf, 5.0, np.inf]), Levels("x", [5.0])), [-1.5, 0, 1.5]
    )


@pytest.mark.parametrize("bad", [[], [1.0, 1.0], [2.0, 1.0], [0.0, np.nan], [0.0, np.inf], [[1.0, 2.0]]])
def test_levels_that_are_no_scale_are_refused(bad):
    with pytest.raises(ValueError, match="strictly increasing"):
        cell_coordinates(np.array([1.0]), Levels("density", np.array(bad)))


def test_ticks_are_at_most_as_many_as_asked_at_one_stride():
    for n in (1, 2, 7, 8, 9, 50):
        ticks = ticks_of(Levels("x", np.arange(n)), 8)
        assert 1 <= ticks.size <= 8
        assert ticks[0] == 0
        assert len(set(np.diff(ticks))) <= 1


def test_a_vertical_curve_from_minus_to_plus_infinity_crosses_the_map():
    curve = Curve("transition", np.array([0.04, 0.04]), np.array([-np.inf, np.inf]))
    column, row = curve_in_cells(curve, X, Y)
    np.testing.assert_array_equal(row, [-1.5, 3.5])
    assert is_seen(column, row, (3, 4))
    assert "transition" in legend_texts(draw(MapFacet("", values(), [curve])))


@pytest.mark.parametrize("level", [np.inf, -np.inf, np.nan, 1e6])
def test_a_curve_that_is_nowhere_on_the_map_is_named_as_outside(level):
    curve = Curve("theory", np.geomspace(0.01, 0.1, 20), np.full(20, level))
    assert legend_texts(draw(MapFacet("", values(), [curve]))) == ["theory (outside this map)"]


def test_a_curve_beside_the_map_and_an_empty_curve_are_drawn_without_error():
    beside = Curve("beside", np.array([1e3, 1e4]), np.array([0.1, 0.1]))
    empty = Curve("empty", np.empty(0), np.empty(0))
    texts = legend_texts(draw(MapFacet("", values(), [beside, empty])))
    assert texts == ["beside (outside this map)", "empty (outside this map)"]


def test_every_cell_is_an_artist_with_its_own_tip():
    tips = [[f"cell {i} {j}" for j in range(4)] for i in range(3)]
    panel = draw(MapFacet("a", values(), tips=tips), MapFacet("b", values()))
    gids = [patch.get_gid() for ax in panel.figure.axes for patch in ax.patches if patch.get_gid()]
    assert len(gids) == len(set(gids)) == 24
    assert set(gids) == set(panel.tips)
    assert panel.tips["c0-0-2-1"] == "cell 2 1"
    assert panel.tips["c0-1-2-1"] == "density 0.02, noise 1: 1"


def test_cells_lie_at_their_levels_in_their_colour():
    data = values()
    data[1, 2] = np.nan
    panel = draw(MapFacet("", data), limits=(0.1, 1.2))
    cells = {p.get_gid(): p for p in panel.figure.axes[0].patches if isinstance(p, Rectangle)}
    assert cells["c0-0-2-1"].get_xy() == (0.5, 1.5)
    assert to_hex(cells["c0-0-0-0"].get_facecolor()) == "#440154"  # the ends of viridis
    assert to_hex(cells["c0-0-2-3"].get_facecolor()) == "#fde725"
    assert to_hex(cells["c0-0-1-2"].get_facecolor()) == "#dcdcdc"
    assert panel.tips["c0-0-1-2"] == "density 0.05, noise 0.1: not applicable"
    assert legend_texts(panel) == ["not applicable"]


def test_hatched_and_outlined_cells_are_drawn_and_named_once():
    hatched, outlined = np.zeros((3, 4), bool), values() < 0.5
    hatched[2, 3] = True
    facets = [MapFacet(str(i), values(), hatched=hatched, outlined=outlined) for i in range(2)]
    panel = draw(*facets, hatched_label="stopped early", outlined_label="NMSE < 0.5")
    assert legend_texts(panel) == ["NMSE < 0.5", "stopped early"]
    for ax in panel.figure.axes[:2]:
        hatches = [p for p in ax.patches if isinstance(p, PathPatch) and p.get_hatch()]
        assert len(hatches) == 2  # black on white
        np.testing.assert_allclose(hatches[0].get_path().get_extents().extents, [2.5, 1.5, 3.5, 2.5])
    assert legend_texts(draw(MapFacet("", values(), hatched=~hatched & False))) == []


def test_the_outline_is_the_edge_between_marked_and_unmarked_cells():
    mask = np.random.default_rng(0).random((5, 7)) < 0.5
    segments = {tuple(map(tuple, np.sort(edge, axis=0))) for edge in _outline(mask).vertices.reshape(-1, 2, 2)}
    padded, expected = np.pad(mask, 1), set()
    for i in range(6):
        for j in range(8):
            here = padded[i, j]
            if here != padded[i + 1, j]:
                expected.add(((j - 1.5, i - 0.5), (j - 0.5, i - 0.5)))
            if here != padded[i, j + 1]:
                expected.add(((j - 0.5, i - 1.5), (j - 0.5, i - 0.5)))
    assert segments == expected


@pytest.mark.parametrize(
    ("data", "limits", "log", "expected"),
    [
        ([0.5, 2.0], None, False, (0.5, 2.0, "neither")),
        ([0.5, 2.0, np.nan, np.inf], None, False, (0.5, 2.0, "max")),
        ([-1.0, 0.0, 0.1, 1.0], None, True, (0.1, 1.0, "min")),
        ([0.5, 2.0], (1.0, 1.5), True, (1.0, 1.5, "both")),
        ([0.5], (0.0, 1.0), False, (0.0, 1.0, "neither")),
    ],
)
def test_the_colour_scale_tells_which_values_lie_outside(data, limits, log, expected):
    norm, extend = _colour_scale([MapFacet("", np.array([data]))], limits, log)
    assert (norm.vmin, norm.vmax, extend) == expected


@pytest.mark.parametrize("log_colour", [False, True])
@pytest.mark.parametrize("level", [np.nan, 0.0, 0.3, -np.inf])
def test_maps_without_contrast_are_drawn(level, log_colour):
    svg_text(draw(MapFacet("", np.full((3, 4), level)), log_colour=log_colour).figure)


def test_facets_in_rows_and_columns_with_a_place_left_empty():
    facets = [[MapFacet("", values()), MapFacet("", values())], [MapFacet("", values()), None]]
    panel = heat_map(facets, x=X, y=Y, row_titles=["lasso", "OMP"], column_titles=["network", "random"], **WORDS)
    maps = [ax for ax in panel.figure.axes if ax.get_label() != "<colorbar>"]
    assert [ax.get_visible() for ax in maps] == [True, True, True, False]
    assert [ax.get_title() for ax in maps[:2]] == ["network", "random"]
    assert [maps[0].get_ylabel(), maps[2].get_ylabel()] == ["lasso", "OMP"]
    assert len(panel.tips) == 36
    bars = [ax for ax in panel.figure.axes if ax.get_label() == "<colorbar>"]
    assert len(bars) == 1


def test_labels_do_not_overlap_maps_or_leave_the_figure():
    curve = Curve("a long name for a curve of theory", np.array([0.01, 0.1]), np.array([0.1, 0.2]))
    facets = [[MapFacet("", values(), [curve]) for _ in range(5)] for _ in range(2)]
    panel = heat_map(facets, x=X, y=Y, row_titles=["network", "random"], **WORDS)
    figure = panel.figure
    boxes = [ax.get_tightbbox() for ax in figure.axes]
    edge = figure.bbox
    for box in boxes:
        assert box is not None
        assert box.x0 >= edge.x0 - 1
        assert box.x1 <= edge.x1 + 1
        assert box.y1 <= figure.legends[0].get_window_extent().y0 + 1
    assert {text.get_text() for text in figure.texts} == {X.label, Y.label}
    for text in figure.texts:
        assert not any(text.get_window_extent().overlaps(box) for box in boxes)


@pytest.mark.parametrize(
    ("facet", "message"),
    [
        (MapFacet("a", np.zeros((4, 3))), r"values has shape \(4, 3\), the levels give \(3, 4\)"),
        (MapFacet("a", np.zeros((3, 4)), hatched=np.zeros((3, 3), bool)), "hatched has shape"),
        (MapFacet("a", np.zeros((3, 4)), outlined=np.zeros(4, bool)), "outlined has shape"),
        (MapFacet("a", np.zeros((3, 4)), tips=[["x"] * 4] * 2), "tips need the shape"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(facet, message):
    with pytest.raises(ValueError, match=message):
        draw(facet)


def test_no_map_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one map"):
        draw(None)


def test_levels_that_are_kinds_show_all_their_names():
    x, y = Levels.of_kinds("fault", ["none", "split", "dead"]), Levels.of_kinds("metric", ["MCC", "R²"])
    facet = MapFacet("", np.arange(6.0).reshape(2, 3))
    panel = heat_map([[facet, facet]], x=x, y=y, value_label="score", name="kinds", title="", caption="", alt="kinds")
    axes = panel.figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["none", "split", "dead"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["MCC", "R²"]
    assert {label.get_rotation() for ax in panel.figure.axes[:2] for label in ax.get_xticklabels()} == {40}
    assert panel.tips["c0-0-1-2"] == "fault dead, metric R²: 5"
    with pytest.raises(ValueError, match="have 2 values and 1 names"):
        heat_map(
            [[facet]],
            x=x,
            y=Levels("metric", np.arange(2.0), names=["MCC"]),
            value_label="",
            name="kinds",
            title="",
            caption="",
            alt="",
        )


class TestBand:
    def curve(self):
        y = np.array([0.1, 0.1, np.nan, 0.1])
        low, high = np.array([0.0, 0.1, 0.0, -np.inf]), np.array([1.0, 0.1, 1.0, np.inf])
        return Curve("boundary", X.values, y, "measured", low, high)

    def test_a_band_reaches_from_low_to_high_in_cells_and_leaves_gaps(self):
        panel = draw(MapFacet("", values(), [self.curve()]))
        band, bars = panel.figure.axes[0].collections
        # The first two points are joined; the third has no value, so that the last stands alone: a bar.
        (outline,) = [path.vertices for path in band.get_paths()]
        assert {tuple(point) for point in np.round(outline, 9)} == {(0, 0), (0, 2), (1, 1)}
        (bar,) = [path.vertices for path in bars.get_paths()]
        np.testing.assert_allclose(bar, [(3, -1.5), (3, 3.5)])  # infinite ends lie beside the map
        assert legend_texts(panel) == ["boundary", "interval, boundary"]

    def test_its_ends_are_in_the_figures_data(self):
        data = draw(MapFacet("", values(), [self.curve()])).data
        rows = [i for i, label in enumerate(data["label"]) if label == "boundary"]
        assert [data["low"][i] for i in rows] == [0.0, 0.1, 0.0, -np.inf]
        assert [data["high"][i] for i in rows] == [1.0, 0.1, 1.0, np.inf]
        assert "low" not in draw(MapFacet("", values(), [Curve("c", X.values, X.values)])).data

    @pytest.mark.parametrize("ends", [{"low": np.zeros(4)}, {"low": np.zeros(3), "high": np.zeros(4)}])
    def test_half_a_band_is_refused(self, ends):
        with pytest.raises(ValueError, match="needs low and high together"):
            Curve("c", X.values, X.values, **ends)
