"""Scores of the intruder test from files of answers."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.statistics import wilson_interval
from bench.errors import UserError

ALL = "all"


def score_answers(key_file: Path, answer_files: Sequence[Path]) -> pd.DataFrame:
    """Per group, and over all of them: answers, right ones, their share with a 95% Wilson interval, and chance.

    `judged` is the share of the same tasks in which the computed judge is right, `agree` that of the answers in which
    person and judge name the same item. Files may be of several people; the interval takes answers as independent.
    Raises UserError for a file that cannot be read, is of another page, or names a task or item that there is not.
    """
    page, tasks = _key(key_file)
    records = []
    for path in answer_files:
        for task, chosen in _answers(path, page).items():
            if task not in tasks:
                raise UserError(f"{path}: the page has no task {task!r}")
            truth = tasks[task]
            if not 1 <= chosen <= truth["n_items"]:
                raise UserError(f"{path}: task {task} has items 1 to {truth['n_items']}, not {chosen}")
            records.append(
                {
                    "group": truth["group"],
                    "right": chosen == truth["intruder"],
                    "judged": truth["judged"] == truth["intruder"],
                    "agree": chosen == truth["judged"],
                    "chance": 1 / truth["n_items"],
                }
            )
    if not records:
        raise UserError("no task is answered")
    found = pd.DataFrame.from_records(records)
    parts = [*found.groupby("group", sort=True), (ALL, found)]
    return pd.DataFrame.from_records([{"group": name, **_summary(part)} for name, part in parts])


def _summary(part: pd.DataFrame) -> dict[str, Any]:
    share = wilson_interval(int(part["right"].sum()), len(part))
    return {
        "n_answers": len(part),
        "n_right": int(part["right"].sum()),
        "share": float(share.estimate),
        "low": float(share.low),
        "high": float(share.high),
        "chance": part["chance"].mean(),
        "judged": part["judged"].mean(),
        "agree": part["agree"].mean(),
    }


def _key(path: Path) -> tuple[str, dict[str, dict[str, Any]]]:
    key = _json(path)
    tasks: Any = key.get("tasks") if isinstance(key, dict) else None
    whole = isinstance(tasks, dict) and all(
        isinstance(task, dict) and {"intruder", "judged", "n_items", "group"} <= set(task) for task in tasks.values()
    )
    if not whole:
        raise UserError(f"{path} is no key of an intruder test")
    return str(key.get("page")), tasks


def _answers(path: Path, page: str) -> dict[str, int]:
    """Task -> chosen item, from JSON or, by its suffix, CSV."""
    if path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(_read(path))))
        if any(set(row) != {"page", "task", "chosen"} for row in rows):
            raise UserError(f"{path}: its columns must be page, task, chosen")
        pages, answers = {row["page"] for row in rows}, [(row["task"], row["chosen"]) for row in rows]
    else:
        found = _json(path)
        if not isinstance(found, dict) or not isinstance(found.get("answers"), dict):
            raise UserError(f"{path} is no file of answers")
        pages, answers = {str(found.get("page"))}, list(found["answers"].items())
    if pages - {page}:
        raise UserError(f"{path} answers page {', '.join(sorted(pages - {page}))}, and the key is of page {page}")
    tasks = [task for task, _ in answers]
    if len(set(tasks)) < len(tasks):
        raise UserError(f"{path} answers a task twice")
    return {task: _whole(chosen, path, task) for task, chosen in answers}


def _whole(chosen: Any, path: Path, task: str) -> int:
    try:
        if isinstance(chosen, bool) or int(chosen) != float(chosen):
            raise ValueError
        return int(chosen)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{path}: the answer to task {task} is {chosen!r}; it must be the number of an item") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(_read(path))
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not valid JSON") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"no such file: {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}") from None
