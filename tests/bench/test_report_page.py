"""The report: what is written, that it needs nothing from outside, and that it works in a browser."""

import dataclasses
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from analysis.figures import Curve, Levels, MapFacet, Series, SeriesFacet, boundary_plot, heat_map, svg_text
from bench.report import Attachment, ReportContent, write_report
from bench.report.hover import hoverable
from bench.report.page import csv_bytes, write_file

SPEC = 'study = "demo"\n# <script>document.title = "spec"</script> & "quotes"\n'
MANIFEST = {
    "seed": 7,
    "versions": {"jax": "0.10.2", "evil": "<img src=x onerror=alert(1)>"},
    "hardware": {"n_cores": 2, "devices": ["cpu:0"]},
    "stages": [{"name": "run", "seconds": 1.5}],
    "citation": "@software{superposed}",
}
DENSITY, NOISE = np.array([0.01, 0.03, 0.1]), np.array([0.0, 0.1])


def map_panel(name="map", words="error rises to the right"):
    tips = [[f"density {d}, noise {s}: NMSE {d + s:.2f} <b>&" for d in DENSITY] for s in NOISE]
    facet = MapFacet(
        "", np.add.outer(NOISE, DENSITY), [Curve("theory", DENSITY, DENSITY)], np.eye(2, 3) > 0, None, tips
    )
    x, y = Levels("density", DENSITY, log=True), Levels("noise", NOISE)
    return heat_map([[facet]], x=x, y=y, value_label="NMSE", name=name, title="Map", caption="A map.", alt=words)


def boundary_panel():
    x = np.array([0.25, 0.75])
    series = [Series(label, x, x / 2, x / 2 - 0.1, x / 2 + 0.1, tips=[f"{label} {a}" for a in x]) for label in "ab"]
    return boundary_plot([SeriesFacet("signed", series)], name="boundary", title="Boundary", caption="c", alt="a")


def table(n_rows=60):
    names = ["lasso", "<script>document.title = 'cell'</script>"] * (n_rows // 2)
    numbers = np.linspace(0, 1, n_rows) / 3
    numbers[:3] = np.nan, np.inf, 1e-20
    return pd.DataFrame({"method": names, "rho50": numbers, "n_trials": 20, "converged": True, "note": None})


def content(**changes):
    plain = ReportContent(
        title="Demo <i>study</i>",
        question="Is it so?",
        sentences=["It is: 3 < 4."],
        panels=changes.pop("panels", None) or [map_panel(), map_panel("map-2"), boundary_panel()],
        tables={"boundary": table(), "cells": table(4).assign(**{f"wide_column_{i}": -0.1234 for i in range(24)})},
        notes=["95 % intervals."],
        failures=["lasso: 1 of 20 trials & more"],
        attachments=[Attachment("extra/page.html", b"<p>", "answer it"), Attachment("extra/key.json", b"{}")],
    )
    return dataclasses.replace(plain, **changes)


def write(folder, **changes):
    return write_report(folder, content(**changes), spec_text=SPEC, manifest=MANIFEST)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write(tmp_path_factory.mktemp("report"))


class Page(HTMLParser):
    """Collects tags with their attributes and the text outside of styles and scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self._inside = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.words.append(data)


def test_the_folder_holds_page_figures_and_tables_and_nothing_half_written(report):
    files = sorted(str(path.relative_to(report.parent)) for path in report.parent.rglob("*") if path.is_file())
    kinds = ("csv", "pdf", "png", "svg")
    figures = [f"figures/{name}.{kind}" for name in ("boundary", "map-2", "map") for kind in kinds]
    assert files == [
        "extra/key.json",
        "extra/page.html",
        *figures,
        "report.html",
        "tables/boundary.csv",
        "tables/cells.csv",
    ]
    assert (report.parent / "figures/map.png").read_bytes().startswith(b"\x89PNG")
    assert (report.parent / "figures/map.pdf").read_bytes().startswith(b"%PDF-")


def test_summary_stands_before_figures_failures_tables_and_specification(report):
    text = report.read_text(encoding="utf-8")
    marks = ["It is: 3 &lt; 4.", "A map.", "1 of 20 trials &amp; more", "95 % intervals.", "tables/boundary.csv"]
    places = [text.index(mark) for mark in [*marks, "study = ", "0.10.2", "n_cores", "@software{superposed}"]]
    assert places == sorted(places)


def test_texts_are_escaped(report):
    page = Page(report.read_text(encoding="utf-8"))
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(tag in ("i", "img") for tag, _ in page.tags)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    words = "".join(page.words)
    assert SPEC in words
    assert "<script>document.title = 'cell'</script>" in words
    assert "<img src=x onerror=alert(1)>" in words
    assert "density 0.01, noise 0.1: NMSE 0.11 <b>&" in words


def test_nothing_is_fetched_from_elsewhere(report):
    text = report.read_text(encoding="utf-8")
    page = Page(text)
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "data", "action", "poster"):
            value = attributes.get(name)
            assert value is None or re.match(r"#|data:|figures/|tables/|extra/", value), (tag, name, value)
    assert all(target.startswith("#") for target in re.findall(r"url\(\s*['\"]?([^)]*)", text))
    assert "@import" not in text
    names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # name spaces, which nothing fetches
    assert set(re.findall(r"https?://[^\s\"'<)]+", text)) <= names


def test_links_lead_to_files_of_the_report(report):
    links = [attributes["href"] for tag, attributes in Page(report.read_text(encoding="utf-8")).tags if tag == "a"]
    assert len(links) == 3 * 4 + 2 + 1
    assert all((report.parent / link).is_file() for link in links)


def test_the_numbers_under_a_figure(report):
    cells = pd.read_csv(report.parent / "figures/map.csv").query("kind == 'cell'")
    assert cells["NMSE"].to_numpy().reshape(2, 3) == pytest.approx(np.add.outer(NOISE, DENSITY))
    assert list(cells["density"]) == 2 * list(DENSITY)
    assert list(cells["hatched"]) == [True, False, False, False, True, False]
    points = pd.read_csv(report.parent / "figures/boundary.csv")
    # The true places, not those at which marks are drawn side by side.
    assert list(points.iloc[:, 3]) == 2 * [0.25, 0.75]
    assert list(points["high"] - points["low"]) == pytest.approx(4 * [0.2])


def test_attachments_are_written_and_linked_where_they_have_words(report):
    assert (report.parent / "extra/page.html").read_bytes() == b"<p>"
    assert (report.parent / "extra/key.json").read_bytes() == b"{}"
    text = report.read_text(encoding="utf-8")
    assert '<a href="extra/page.html">' in text
    assert "key.json" not in text


@pytest.mark.parametrize("path", ["page.html", "../up/a.html", "/a/b.html", "tables/a.csv", "a/.b.html", "a/b"])
def test_attachments_outside_a_folder_of_their_own_are_refused(path, tmp_path):
    with pytest.raises(ValueError, match="not a file in a folder of its own"):
        write(tmp_path, attachments=[Attachment(path, b"")])
    assert list(tmp_path.iterdir()) == []


def test_figures_without_an_alternative_text_are_refused(tmp_path):
    with pytest.raises(ValueError, match="panel map has no alternative text"):
        write(tmp_path, panels=[map_panel(words=" ")])


def test_ids_are_unique_and_every_reference_leads_somewhere(report):
    text = report.read_text(encoding="utf-8")
    ids = [attributes["id"] for _, attributes in Page(text).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = re.findall(r'url\(#([^)]+)\)|xlink:href="#([^"]+)"|aria-labelledby="([^"]+)"', text)
    assert references
    assert {"".join(reference) for reference in references} <= set(ids)
    assert {"map-c0-0-1-2", "map-2-c0-0-1-2", "boundary-p0-1-1"} <= set(ids)


def test_pictures_have_alternative_texts_and_tables_say_how_much_they_show(report):
    text = report.read_text(encoding="utf-8")
    assert text.count('role="group" aria-label="error rises to the right"') == 2
    assert "The first 40 of 60 rows" in text
    assert "of 4 rows" not in text
    assert '<td class="number">–</td>' in text
    assert '<td class="number">∞</td>' in text


def test_a_report_without_failures_figures_or_tables_says_so(tmp_path):
    bare = ReportContent("t", "q", ["s"])
    text = write_report(tmp_path, bare, spec_text="", manifest={}).read_text(encoding="utf-8")
    assert "no failure of a solver was recorded" in text
    assert "Figures" not in text
    assert "Tables" not in text


def test_the_same_content_gives_the_same_bytes(report, tmp_path):
    write(tmp_path)
    for path in report.parent.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / path.relative_to(report.parent)).read_bytes(), path.name


def test_tables_are_csv_with_ten_digits_and_line_feeds():
    frame = pd.DataFrame(
        {"m": ["ä,b", "c"], "x": [1 / 3, np.nan], "y": [np.inf, -1e-20], "n": [1, 2], "ok": [True, False]}
    )
    assert csv_bytes(frame).decode() == 'm,x,y,n,ok\n"ä,b",0.3333333333,inf,1,True\nc,,-1e-20,2,False\n'


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a b", "a.csv"])
def test_names_that_are_no_file_stems_are_refused_before_anything_is_written(name, tmp_path):
    panel = boundary_panel()
    with pytest.raises(ValueError, match="not a file stem"):
        write(tmp_path, panels=[panel], tables={name: table()})
    with pytest.raises(ValueError, match="not a file stem"):
        write(tmp_path, panels=[dataclasses.replace(panel, name=name)])
    assert list(tmp_path.iterdir()) == []


def test_panels_of_the_same_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="panel names repeat"):
        write(tmp_path, panels=[boundary_panel()] * 2)


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch):
    path = write_file(tmp_path / "a" / "table.csv", b"old")

    def refuse(*_):
        raise OSError("no")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(OSError, match="no"):
        write_file(path, b"new")
    assert [one.name for one in path.parent.iterdir()] == ["table.csv"]
    assert path.read_bytes() == b"old"


def test_svg_files_stand_alone_and_carry_the_tips(report):
    root = ElementTree.parse(report.parent / "figures/map.svg").getroot()
    assert root.get("width", "").endswith("pt")
    titles = {title.text for title in root.iter("{http://www.w3.org/2000/svg}title")}
    assert len(titles) == 6
    assert "density 0.1, noise 0.1: NMSE 0.20 <b>&" in titles


def test_rectangles_keep_their_place_when_shortened():
    panel = map_panel()
    svg, short = svg_text(panel.figure), hoverable(svg_text(panel.figure), panel.tips)
    for gid in panel.tips:
        before = re.search(rf'<g id="{gid}">\s*<path d="([^"]*)"', svg)
        after = re.search(rf'<path d="M(\S+) (\S+)H(\S+)V(\S+)H(\S+)z" id="{gid}"', short)
        assert before is not None
        assert after is not None
        corners = np.array(re.findall(r"-?\d+\.?\d*", before[1]), float).reshape(4, 2)
        left, top, right, bottom, again = map(float, after.groups())
        # Rounded to a hundredth of a point.
        np.testing.assert_allclose([left, top, right, bottom], [*corners[0], *corners[2]], atol=0.0051)
        assert again == left


def test_marks_without_a_tip_and_tips_without_a_mark_do_no_harm():
    panel = map_panel()
    assert "<title>" not in hoverable(svg_text(panel.figure), {})
    assert hoverable(svg_text(panel.figure), {"nowhere": "text"}).count("text</title>") == 0


def test_a_large_map_stays_small():
    levels = np.linspace(0.02, 1, 50)
    tips = [[f"undersampling {a:.2f}, sparsity ratio {b:.2f}: 14 of 20 [0.48, 0.85]" for a in levels] for b in levels]
    facet = MapFacet("", np.add.outer(levels, levels), tips=tips)
    words = {"name": "m", "title": "t", "caption": "c", "alt": "a", "value_label": "success rate"}
    panel = heat_map([[facet]], x=Levels("undersampling", levels), y=Levels("sparsity ratio", levels), **words)
    svg = hoverable(svg_text(panel.figure), panel.tips, prefix="m-", inline=True)
    assert svg.count("<title>") == 2500
    assert len(svg.encode()) < 500_000


@pytest.fixture
def visit(open_page, report):
    """Opens the report; the settings are those of the browser's context."""
    return lambda **settings: open_page(report, **settings)


def mark(page, gid):
    """The mark of that id, in view and with the page at rest: scrolling, which hides the tip, is over."""
    found = page.locator(f'[id="{gid}"]')
    found.scroll_into_view_if_needed()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return found


def assert_tip(page, text):
    """Waits until the tip shows the text, or with None until it is hidden."""
    expect = pytest.importorskip("playwright.sync_api").expect
    if text is None:
        expect(page.locator("#tip")).to_be_hidden()
    else:
        expect(page.locator("#tip")).to_be_visible()
        expect(page.locator("#tip")).to_have_text(text)


def test_pointing_at_a_cell_shows_its_numbers_and_leaving_hides_them(visit):
    page = visit(viewport={"width": 1100, "height": 900})
    assert_tip(page, None)
    mark(page, "map-c0-0-1-2").hover()
    assert_tip(page, "density 0.1, noise 0.1: NMSE 0.20 <b>&")
    mark(page, "map-c0-0-0-0").hover()
    assert_tip(page, "density 0.01, noise 0.0: NMSE 0.01 <b>&")
    page.mouse.move(2, 2)
    assert_tip(page, None)
    assert page.title() == "Demo <i>study</i>"


def test_of_overlapping_points_the_nearest_is_shown(visit):
    page = visit(viewport={"width": 1100, "height": 900})
    for gid, text in (("boundary-p0-0-1", "a 0.75"), ("boundary-p0-1-1", "b 0.75")):
        mark(page, gid).hover(force=True)
        assert_tip(page, text)


def test_the_keyboard_walks_through_the_marks(visit):
    page = visit(viewport={"width": 1100, "height": 900})
    page.locator("#figure-map svg").focus()
    mark(page, "map-c0-0-0-0")
    steps = {"ArrowRight": (0.01, 0.0), "ArrowUp": (0.01, 0.1), "ArrowLeft": (0.01, 0.1), "ArrowDown": (0.01, 0.0)}
    for key, (density, noise) in steps.items():
        page.keyboard.press(key)
        assert_tip(page, f"density {density}, noise {noise}: NMSE {density + noise:.2f} <b>&")
    page.keyboard.press("ArrowRight")
    assert_tip(page, "density 0.03, noise 0.0: NMSE 0.03 <b>&")
    page.keyboard.press("Escape")
    assert_tip(page, None)


def test_the_keyboard_brings_marks_into_view(visit):
    page = visit(viewport={"width": 700, "height": 260})
    page.locator("#figure-map svg").focus()
    mark(page, "map-c0-0-0-0")
    for key, noise in (("ArrowRight", 0.0), ("ArrowUp", 0.1), ("ArrowDown", 0.0)):
        page.keyboard.press(key)
        assert_tip(page, f"density 0.01, noise {noise}: NMSE {0.01 + noise:.2f} <b>&")
        box = page.locator("#ring").bounding_box()
        assert box["y"] > -10
        assert box["y"] + box["height"] < 270


def test_on_a_phone_the_page_fits_and_a_tap_shows_the_numbers(visit):
    page = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    mark(page, "map-c0-0-0-1").tap()
    assert_tip(page, "density 0.03, noise 0.0: NMSE 0.03 <b>&")
    box = page.locator("#tip").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.touchscreen.tap(2, 2)
    assert_tip(page, None)


def test_dark_mode_keeps_figures_on_white_and_text_readable(visit):
    colours = """[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
                  getComputedStyle(document.querySelector('.picture')).backgroundColor]"""
    light = visit(color_scheme="light").evaluate(colours)
    dark = visit(color_scheme="dark").evaluate(colours)
    brightness = [[sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in page] for page in (light, dark)]
    assert brightness[0][0] > 700 > 200 > brightness[0][1]
    assert brightness[1][0] < 100 < 600 < brightness[1][1]
    assert brightness[0][2] == brightness[1][2] == 3 * 255


def test_on_paper_everything_is_shown_and_nothing_is_cut_off(visit):
    """A4 without margins is 794 pixels wide; in dark mode, which printing must not take over."""
    page = visit(viewport={"width": 794, "height": 1123}, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    cut = """[...document.querySelectorAll('.scroll, pre')].filter((box) =>
             box.scrollHeight > box.clientHeight + 1 && getComputedStyle(box).overflowY !== 'visible').length"""
    assert page.evaluate(cut) == 0
    assert not page.locator("#figure-map .screen").is_visible()
    assert page.locator("#figure-map figcaption").is_visible()


def test_without_scripts_the_tips_are_titles(visit):
    page = visit(java_script_enabled=False)
    assert page.locator('[id="map-c0-0-1-2"] > title').text_content() == "density 0.1, noise 0.1: NMSE 0.20 <b>&"
