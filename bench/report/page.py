"""Writes a report: one offline HTML page, and its figures and tables as files of their own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from analysis.figures.panel import Panel
from analysis.figures.render import pdf_bytes, png_bytes, svg_text
from bench.report.content import ReportContent
from bench.report.hover import hoverable
from bench.store import write_atomically

_ROWS_SHOWN = 40
# At this scale the text in a figure is about as large as its caption.
_PIXELS_PER_INCH = 118
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_ATTACHED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*/)+[A-Za-z0-9][A-Za-z0-9_-]*\.[a-z]+")


@dataclass(frozen=True)
class _Table:
    """The first rows of a table as texts, with what the page says about the rest."""

    name: str
    columns: list[str]
    numeric: list[bool]
    rows: list[list[str]]
    n_rows: int


def write_report(folder: Path, content: ReportContent, *, spec_text: str, manifest: Mapping[str, Any]) -> Path:
    """Writes `report.html`, `tables/*.csv` and the figures into `folder`; returns the page's path.

    A figure is `figures/NAME.svg`, `.png` and `.pdf`, at a journal's width; its numbers are `figures/NAME.csv`.
    The page needs nothing but itself: pictures, styles and script are inside. Each file appears under its name only
    when it is complete. The same content gives the same bytes. `spec_text` is shown as it is; `manifest` (nested
    mappings of plain values) as tables, its entry `citation` on its own. Tables are CSV with ten significant digits.
    Raises ValueError for a panel or table whose name is not a file stem or is used twice, a panel without an
    alternative text, or an attachment whose path is none within a folder of its own; OSError where the folder can't be
    written.
    """
    _check(content)
    for panel in content.panels:
        write_file(folder / "figures" / f"{panel.name}.png", png_bytes(panel.figure))
        write_file(folder / "figures" / f"{panel.name}.pdf", pdf_bytes(panel.figure))
        if panel.data:
            write_file(folder / "figures" / f"{panel.name}.csv", csv_bytes(pd.DataFrame(panel.data)))
    for attachment in content.attachments:
        write_file(folder / attachment.path, attachment.data)
    figures = [_write_figure(folder, panel) for panel in content.panels]
    for name, table in content.tables.items():
        write_file(folder / "tables" / f"{name}.csv", csv_bytes(table))
    page = _template().render(
        content=content,
        figures=figures,
        tables=[_shown(name, table) for name, table in content.tables.items()],
        linked=[attachment for attachment in content.attachments if attachment.words],
        spec_text=spec_text,
        citation=str(manifest.get("citation", "")),
        manifest=_sections({key: value for key, value in manifest.items() if key != "citation"}),
    )
    return write_file(folder / "report.html", page.encode())


def write_file(path: Path, data: bytes) -> Path:
    """Replaces `path` in one step, making its folder; returns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data)
    return path


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as CSV: UTF-8, one line feed per row, ten significant digits, nothing where a value is missing."""
    return table.to_csv(index=False, float_format="%.10g", lineterminator="\n").encode()


def _check(content: ReportContent) -> None:
    _check_names([panel.name for panel in content.panels], "panel")
    _check_names(list(content.tables), "table")
    for panel in content.panels:
        if not panel.alt.strip():
            raise ValueError(f"panel {panel.name} has no alternative text")
    for attachment in content.attachments:
        if not _ATTACHED.fullmatch(attachment.path) or attachment.path.split("/")[0] in ("figures", "tables", "shards"):
            raise ValueError(f"attachment {attachment.path!r} is not a file in a folder of its own")


def _check_names(names: list[str], kind: str) -> None:
    for name in names:
        if not _STEM.fullmatch(name):
            raise ValueError(f"{kind} name {name!r} is not a file stem (letters, digits, - and _)")
    if len(set(names)) < len(names):
        raise ValueError(f"{kind} names repeat: {', '.join(sorted(names))}")


def _write_figure(folder: Path, panel: Panel) -> dict[str, Any]:
    """Writes the panel's SVG; returns its words and the SVG as the page holds it."""
    svg = svg_text(panel.figure)
    write_file(folder / "figures" / f"{panel.name}.svg", hoverable(svg, panel.tips, label=panel.alt).encode())
    inline = hoverable(svg, panel.tips, prefix=f"{panel.name}-", label=panel.alt, inline=True)
    width = round(_PIXELS_PER_INCH * panel.figure.get_size_inches()[0])
    return {"panel": panel, "svg": Markup(inline), "width": width}


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("template.html.j2")


def _shown(name: str, table: pd.DataFrame) -> _Table:
    head = table.head(_ROWS_SHOWN)
    numeric = [pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in table.dtypes]
    rows = [[_text(value) for value in row] for row in head.itertuples(index=False, name=None)]
    return _Table(name, [str(column) for column in table.columns], numeric, rows, len(table))


def _text(value: object) -> str:
    """A table cell: floats with four significant digits, a dash for a missing value."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}".replace("inf", "∞")
    return str(value)


def _sections(manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Nested mappings are sections of their own; plain values come together in the section `run`."""
    sections: dict[str, dict[str, str]] = {"run": {}}
    for key, value in manifest.items():
        if isinstance(value, Mapping):
            sections[str(key)] = {str(name): _plain(one) for name, one in value.items()}
        else:
            sections["run"][str(key)] = _plain(value)
    return {name: entries for name, entries in sections.items() if entries}


def _plain(value: object) -> str:
    if isinstance(value, list | tuple) and not any(isinstance(one, list | tuple | Mapping) for one in value):
        return ", ".join(_plain(one) for one in value)
    if isinstance(value, list | tuple | Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    return _text(value)
