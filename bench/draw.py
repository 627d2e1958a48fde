"""From a results folder to its report."""

from pathlib import Path

import pandas as pd

from bench.errors import UserError
from bench.manifest import read_manifest
from bench.report import ReportContent, write_report
from bench.spec import to_toml
from bench.store import Store, chunks_of, read_rows, read_store, read_timings, writing
from bench.study import Results, Study


def read_results(folder: Path) -> tuple[Study, Results, int]:
    """What a run has left: its study, its rows with spec and timings, and the number of chunks still missing.

    Raises UserError when the folder is none, or a shard is damaged.
    """
    store, study, spec = read_store(folder)
    chunks = chunks_of(store, study, spec)
    rows, missing = read_rows(store, study, spec, chunks)
    timings = pd.DataFrame.from_records(read_timings(store, chunks))
    return study, Results(rows.to_pandas(), spec, timings), missing


def draw(folder: Path) -> tuple[list[str], Path]:
    """Draw the report of whatever folder it is; returns its sentences and where the page is. Raises UserError."""
    if not (folder / "spec.toml").exists():
        if (folder / "diagnosis.json").exists():
            from bench.diagnosis.command import redraw

            return redraw(folder)
        if (folder / "summary.json").exists():
            from bench.decompose import redraw

            return redraw(folder)
        if (folder / "verdict.json").exists():
            raise UserError(f"{folder} holds a validation; its report is drawn by `superposed validate` alone")
    content, page = draw_report(folder)
    return content.sentences, page


def draw_report(folder: Path) -> tuple[ReportContent, Path]:
    """Draw a folder's report from its shards; returns what it says and where the page is.

    Raises UserError when the folder is none, a shard is damaged, or the report cannot be written.
    """
    study, results, missing = read_results(folder)
    spec, content = results.spec, study.report(results)
    if missing:
        content.sentences.insert(
            0, f"Incomplete: {missing} chunks are still missing; everything below is from the others."
        )
    manifest = {name: value for name, value in read_manifest(Store(folder)).items() if name not in ("spec", "shards")}
    with writing(folder):
        page = write_report(folder, content, spec_text=to_toml(spec), manifest=manifest)
    return content, page
