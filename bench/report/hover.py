"""Turns Matplotlib's SVG into a compact one whose marks carry their hover texts.

A text becomes the `<title>` child of its mark, which browsers show and screen readers read without any script. Marks
with a text stand in groups of the class `tips`, the only parts that take pointer events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_HREFS = ("href", f"{{{_XLINK}}}href")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d+")
_RECTANGLE = re.compile(r"M (\S+) (\S+) L (\S+) (\S+) L (\S+) (\S+) L (\S+) (\S+) z")

ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", _XLINK)


def hoverable(svg: str, tips: Mapping[str, str], *, prefix: str = "", label: str = "", inline: bool = False) -> str:
    """The SVG document with `tips` (element id -> text) built in, every id preceded by `prefix`.

    `label` names the picture for screen readers. With `inline` the size is left out, so that the picture takes the
    width it is given; the XML prolog and document type are left out always. Ids without a mark in the picture are
    ignored.
    """
    root = ElementTree.fromstring(svg)
    _drop_metadata_and_styles(root)
    _collapse_marks(root, tips)
    _shorten_numbers(root)
    _drop_unused_ids(root, tips)
    _group_marks(root, tips)
    _prefix_ids(root, prefix)
    root.attrib |= {"role": "group", "aria-label": label, "pointer-events": "none"}
    # Matplotlib sets these two by a style sheet that would reach the whole page.
    root.attrib |= {"stroke-linejoin": "round", "stroke-linecap": "butt"}
    if inline:
        for size in ("width", "height"):
            root.attrib.pop(size, None)
    return ElementTree.tostring(root, encoding="unicode")


def _tag(name: str) -> str:
    return f"{{{_SVG}}}{name}"


def _drop_metadata_and_styles(root: Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (_tag("metadata"), _tag("style")):
                parent.remove(child)
        if parent.text is not None and not parent.text.strip():
            parent.text = None
        for child in parent:
            if child.tail is not None and not child.tail.strip():
                child.tail = None


def _collapse_marks(root: Element, tips: Mapping[str, str]) -> None:
    """Replaces a group that holds one path by the path, and gives every mark its title."""
    for parent in list(root.iter()):
        for place, child in enumerate(list(parent)):
            name = child.get("id", "")
            if child.tag != _tag("g") or name not in tips:
                continue
            mark = child
            if len(child) == 1 and child[0].tag == _tag("path"):
                mark = child[0]
                mark.set("id", name)
                parent[place] = mark
            title = Element(_tag("title"))
            title.text = tips[name]
            mark.insert(0, title)


def _shorten_numbers(root: Element) -> None:
    """Rounds coordinates to a hundredth of a point, and writes rectangles in the short form."""
    for element in root.iter():
        for key in ("d", "x", "y", "width", "height", "points"):
            value = element.get(key)
            if value is not None and element is not root:
                value = _NUMBER.sub(_rounded, " ".join(value.split()))
                element.set(key, _RECTANGLE.sub(_short_rectangle, value))


def _rounded(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _short_rectangle(match: re.Match[str]) -> str:
    left, top, right, same_top, same_right, bottom, same_left, same_bottom = match.groups()
    if (top, right, bottom, left) != (same_top, same_right, same_bottom, same_left):
        return match[0]
    return f"M{left} {top}H{right}V{bottom}H{left}z"


def _references(root: Element) -> Iterator[str]:
    for element in root.iter():
        for key, value in element.attrib.items():
            if key in _HREFS and value.startswith("#"):
                yield value[1:]
            yield from _REFERENCE.findall(value)


def _drop_unused_ids(root: Element, tips: Mapping[str, str]) -> None:
    needed = {*_references(root), *tips}
    for element in root.iter():
        if element.get("id") not in needed:
            element.attrib.pop("id", None)


def _group_marks(root: Element, tips: Mapping[str, str]) -> None:
    """Puts runs of neighbouring marks into groups that carry the style their members share."""
    for parent in list(root.iter()):
        if not any(child.get("id") in tips for child in parent):
            continue
        children, group, shared = list(parent), None, {}
        for child in children:
            parent.remove(child)
        for child in children:
            if child.get("id") not in tips:
                parent.append(child)
                group = None
                continue
            common, own = _split_style(child)
            if group is None or common != shared:
                group, shared = Element(_tag("g"), {"class": "tips", "pointer-events": "all", **common}), common
                parent.append(group)
            _keep_own(child, common, own)
            group.append(child)


def _split_style(mark: Element) -> tuple[dict[str, str], dict[str, str]]:
    """What a mark can take from its group, and what is its own: the fill."""
    if mark.tag != _tag("path"):
        return {}, {}
    style = dict(part.strip().split(": ", 1) for part in mark.get("style", "").split(";") if part.strip())
    own = {"fill": style.pop("fill")} if "fill" in style else {}
    clip = {"clip-path": mark.get("clip-path", "")} if mark.get("clip-path") else {}
    # Without an edge, neighbours must meet on whole pixels or the background shines through between them.
    crisp = {} if "stroke" in style else {"shape-rendering": "crispEdges"}
    return {**style, **clip, **crisp}, own


def _keep_own(mark: Element, common: dict[str, str], own: dict[str, str]) -> None:
    if mark.tag == _tag("path"):
        for key in ("style", *common):
            mark.attrib.pop(key, None)
        mark.attrib |= own


def _prefix_ids(root: Element, prefix: str) -> None:
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key == "id" or (key in _HREFS and value.startswith("#")):
                element.set(key, f"#{prefix}{value[1:]}" if value.startswith("#") else prefix + value)
            else:
                element.set(key, _REFERENCE.sub(rf"url(#{prefix}\1)", value))
