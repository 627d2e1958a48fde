"""Every block of code in the documentation runs, and says what the page says it does."""

import contextlib
import doctest
import io
import os
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from bench.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
RUN = {"python", "console", "toml"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Empty, the current one, and on the paths of programs and modules."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{tmp_path}")
    monkeypatch.setenv("PATH", f"{ROOT / 'tests' / 'stand_ins'}:{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT / "docs")))
def test_blocks_of_code(page, folder, install, monkeypatch):
    """In their order, in an empty folder: a block with a title is written there, a package's entry points are installed
    there, other Python is executed, and a console's commands are run and their output compared."""
    names: dict[str, object] = {"__name__": page.stem}
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        language, title, body = block.groups()
        assert language in RUN
        if title:
            (folder / title).write_text(body, encoding="utf-8")
        elif language == "toml":
            install(folder, "page", tomllib.loads(body)["project"]["entry-points"])
        elif language == "python":
            above = "\n" * text.count("\n", 0, block.start(3))
            exec(compile(above + body, str(page), "exec"), names)
        else:
            for command, expected in consoles(body):
                monkeypatch.setattr(sys, "argv", shlex.split(command))
                compare(expected, *called())


def consoles(body):
    """Commands with the output that follows them."""
    parts = re.split(r"^\$ (.*)\n", body, flags=re.MULTILINE)
    assert parts[0] == ""
    return list(zip(parts[1::2], parts[2::2], strict=True))


def called():
    """Exit code and output of the command, in this process, as starting another takes seconds."""
    assert sys.argv[0] == "superposed"
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as left:
        main()
    return left.value.code, out.getvalue(), err.getvalue()


def compare(expected, code, out, err):
    assert code in (None, 0), err
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(expected, out, flags), out
